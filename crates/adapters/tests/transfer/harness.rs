//! A database of a test's own, of either kind, and the ways in and out of it.

use std::sync::Arc;
use std::time::Duration;

use adapters::phone_vault::PhoneVault;
use adapters::sql::transfer::{Import, Moved, Progress, RowCounts, TransferError};
use adapters::sql::{PostgresOptions, PostgresStore, SqliteOptions, SqliteStore};
use domain::phone_key::PhoneKey;
use domain::ports::{
    AccountStore, BlockStore, CredentialStore, DeliveryStore, EventStore, StatisticStore, VerificationStore,
    WebhookStore,
};
use sha2::{Digest as _, Sha256};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::io::{AsyncBufRead, DuplexStream};

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];
}

/// A database of a test's own, migrated.
pub(crate) struct Base {
    pub(crate) store: Store,
    pub(crate) verifications: Arc<dyn VerificationStore>,
    pub(crate) accounts: Arc<dyn AccountStore>,
    pub(crate) credentials: Arc<dyn CredentialStore>,
    pub(crate) events: Arc<dyn EventStore>,
    pub(crate) webhooks: Arc<dyn WebhookStore>,
    pub(crate) sent: Arc<dyn DeliveryStore>,
    pub(crate) blocks: Arc<dyn BlockStore>,
    pub(crate) statistics: Arc<dyn StatisticStore>,
    key: u8,
}

pub(crate) enum Store {
    Sqlite(SqliteStore, TempDir),
    Postgres(PostgresStore, servers::Database),
}

impl Base {
    pub(crate) async fn new(kind: Kind) -> Self {
        Self::with_key(kind, 7).await
    }

    /// One whose phones are sealed under this key.
    pub(crate) async fn with_key(kind: Kind, key: u8) -> Self {
        // With long waits, because a busy machine is no fault of the adapter's.
        Self::with_patience(kind, key, Duration::from_mins(1)).await
    }

    /// One that waits no longer than this.
    pub(crate) async fn with_patience(kind: Kind, key: u8, patience: Duration) -> Self {
        match kind {
            Kind::Sqlite => {
                let directory = tempfile::tempdir().unwrap();
                let options = SqliteOptions {
                    busy_timeout: patience,
                    acquire_timeout: patience,
                    ..SqliteOptions::at(directory.path().join("verify.db"))
                };
                let store = SqliteStore::open(&options, vault(key)).await.unwrap();
                store.migrate().await.unwrap();
                Self::of(store.clone(), key, Store::Sqlite(store, directory))
            }
            Kind::Postgres => {
                let database = servers::database().await;
                let store = postgres(database.url(), key, patience).await;
                Self::of(store.clone(), key, Store::Postgres(store, database))
            }
        }
    }

    fn of<S>(ports: S, key: u8, store: Store) -> Self
    where
        S: VerificationStore
            + AccountStore
            + CredentialStore
            + EventStore
            + WebhookStore
            + DeliveryStore
            + BlockStore
            + StatisticStore
            + Clone
            + 'static,
    {
        Self {
            store,
            verifications: Arc::new(ports.clone()),
            accounts: Arc::new(ports.clone()),
            credentials: Arc::new(ports.clone()),
            events: Arc::new(ports.clone()),
            webhooks: Arc::new(ports.clone()),
            sent: Arc::new(ports.clone()),
            blocks: Arc::new(ports.clone()),
            statistics: Arc::new(ports),
            key,
        }
    }

    /// The file of an export, and what was told of it.
    pub(crate) async fn exported(&self) -> (Vec<u8>, Moved) {
        let mut file = Vec::new();
        let mut progress = |_: Progress| {};
        let moved = match &self.store {
            Store::Sqlite(store, _) => store.export(&mut file, &mut progress).await,
            Store::Postgres(store, _) => store.export(&mut file, &mut progress).await,
        };
        (file, moved.unwrap())
    }

    /// Writes an export into a pipe.
    pub(crate) async fn export_into(&self, pipe: &mut DuplexStream) -> Result<Moved, TransferError> {
        let mut progress = |_: Progress| {};
        match &self.store {
            Store::Sqlite(store, _) => store.export(pipe, &mut progress).await,
            Store::Postgres(store, _) => store.export(pipe, &mut progress).await,
        }
    }

    /// The file of an export.
    pub(crate) async fn export(&self) -> Vec<u8> {
        self.exported().await.0
    }

    pub(crate) async fn import(&self, file: &[u8]) -> Result<Moved, TransferError> {
        self.import_from(file, &mut |_| {}).await
    }

    pub(crate) async fn import_from(
        &self,
        file: impl AsyncBufRead + Unpin,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Moved, TransferError> {
        let import = Import::open(file, &vault(self.key)).await?;
        match &self.store {
            Store::Sqlite(store, _) => store.import(import, progress).await,
            Store::Postgres(store, _) => store.import(import, progress).await,
        }
    }

    /// Table and column of every column.
    pub(crate) async fn columns(&self) -> Vec<(String, String)> {
        match &self.store {
            Store::Sqlite(_, directory) => {
                let statement = "SELECT t.name, c.name FROM pragma_table_list t, pragma_table_xinfo(t.name) c
                    WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite_%'";
                let mut connection = foreign(directory).await;
                sqlx::query_as(statement).fetch_all(&mut connection).await.unwrap()
            }
            Store::Postgres(_, database) => {
                let statement = "SELECT table_name::text, column_name::text FROM information_schema.columns
                    WHERE table_schema = 'public'";
                let mut connection = PgConnection::connect(database.url()).await.unwrap();
                sqlx::query_as(statement).fetch_all(&mut connection).await.unwrap()
            }
        }
    }

    /// Empties every table but this one.
    pub(crate) async fn keep_only(&self, kept: &str) {
        // Attempts go with their deliveries, and those with their events; deliveries of SMS go with their verifications.
        for table in [
            "statistics",
            "blocks",
            "events",
            "event_outbox",
            "wrong_checks",
            "verifications",
            "credentials",
            "accounts",
        ] {
            if table != kept {
                self.execute(&format!("DELETE FROM {table}")).await;
            }
        }
    }

    /// Does what another program could do.
    pub(crate) async fn execute(&self, statement: &str) {
        let statement = AssertSqlSafe(statement.to_owned());
        match &self.store {
            Store::Sqlite(_, directory) => {
                sqlx::query(statement).execute(&mut foreign(directory).await).await.map(drop).unwrap();
            }
            Store::Postgres(_, database) => {
                let mut connection = PgConnection::connect(database.url()).await.unwrap();
                sqlx::query(statement).execute(&mut connection).await.map(drop).unwrap();
            }
        }
    }

    pub(crate) async fn rows(&self) -> RowCounts {
        self.exported().await.1.rows
    }
}

/// A database on a server, migrated.
pub(crate) async fn postgres(url: &str, key: u8, patience: Duration) -> PostgresStore {
    let options = PostgresOptions {
        acquire_timeout: patience,
        statement_timeout: patience,
        ..PostgresOptions::from_url(url).unwrap()
    };
    let store = PostgresStore::open(&options, vault(key)).await.unwrap();
    store.migrate().await.unwrap();
    store
}

/// A connection that is not the adapter's.
pub(crate) async fn foreign(directory: &TempDir) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(directory.path().join("verify.db"));
    options.disable_statement_logging().connect().await.unwrap()
}

pub(crate) fn vault(key: u8) -> PhoneVault {
    PhoneVault::new(&PhoneKey::new(&[key; 32]).unwrap())
}

/// The lines of a file, each with its end.
pub(crate) fn lines(file: &[u8]) -> Vec<Vec<u8>> {
    file.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

/// The SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
