//! TLS: what each mode asks of the server.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use adapters::sql::{PostgresOptions, PostgresStore, SqlError};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use sqlx::PgConnection;

use super::harness::{foreign, patient, vault};

/// A server with a certificate for `localhost`, and the file with the certificate of who signed it.
struct Secured {
    server: servers::own::Postgres,
    directory: tempfile::TempDir,
}

impl Secured {
    async fn start() -> Self {
        let server = servers::own::Postgres::start().await;
        let directory = tempfile::tempdir().unwrap();
        let authority = authority(&directory.path().join("ca.pem"));
        authority_of_others(directory.path());
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();

        let mut connection = foreign(server.url()).await;
        write(&mut connection, "server.crt", &certificate.pem()).await;
        write(&mut connection, "server.key", &key.serialize_pem()).await;
        sqlx::raw_sql("ALTER SYSTEM SET ssl = on").execute(&mut connection).await.unwrap();
        sqlx::raw_sql("SELECT pg_reload_conf()").execute(&mut connection).await.unwrap();
        let secured = Self { server, directory };
        let deadline = Instant::now() + Duration::from_secs(30);
        while secured.connected("localhost", "sslmode=require").await.is_err() {
            assert!(Instant::now() < deadline, "the server does not take its certificate");
        }
        secured
    }

    /// A parameter with the certificate of an authority.
    fn trusting(&self, mode: &str, authority: &str) -> String {
        let path: PathBuf = self.directory.path().join(authority);
        format!("sslmode={mode}&sslrootcert={}", path.display().to_string().replace('/', "%2F"))
    }

    /// Connects, and answers whether it is by TLS.
    async fn connected(&self, host: &str, settings: &str) -> Result<bool, SqlError> {
        let name = format!("tls-{}", uuid::Uuid::from_u128(rand::random()).simple());
        let url = format!(
            "postgres://postgres@{host}:{}/postgres?{settings}&application_name={name}",
            self.server.port()
        );
        let options = PostgresOptions { acquire_timeout: Duration::from_secs(5), ..patient(&url) };
        let store = PostgresStore::open(&options, vault(7)).await?;
        let by_tls = sqlx::query_scalar(
            "SELECT s.ssl FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.application_name = $1",
        );
        let by_tls = by_tls.bind(name).fetch_one(&mut foreign(self.server.url()).await).await.unwrap();
        store.close().await;
        Ok(by_tls)
    }
}

/// Makes an authority, and writes its certificate into a file.
fn authority(path: &Path) -> Issuer<'static, KeyPair> {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    std::fs::write(path, params.self_signed(&key).unwrap().pem()).unwrap();
    Issuer::new(params, key)
}

fn authority_of_others(directory: &Path) {
    authority(&directory.join("other.pem"));
}

/// Writes a file of the server's directory, for its owner only.
async fn write(connection: &mut PgConnection, file: &str, text: &str) {
    let lines = text.trim_end().replace('\n', "','");
    let copy = format!("COPY (SELECT unnest(ARRAY['{lines}'])) TO PROGRAM 'umask 077; cat > {file}'");
    sqlx::raw_sql(sqlx::AssertSqlSafe(copy)).execute(connection).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mode_asks_what_libpq_asks() {
    let secured = Secured::start().await;
    let ours = |mode| secured.trusting(mode, "ca.pem");
    let others = |mode| secured.trusting(mode, "other.pem");
    for (host, settings, by_tls) in [
        ("localhost", ours("verify-full"), true),
        ("127.0.0.1", ours("verify-ca"), true),
        ("127.0.0.1", ours("require"), true),
        ("127.0.0.1", "sslmode=require".to_owned(), true),
        ("127.0.0.1", "sslmode=prefer".to_owned(), true),
        ("127.0.0.1", "sslmode=disable".to_owned(), false),
    ] {
        assert_eq!(secured.connected(host, &settings).await.unwrap(), by_tls, "{host} {settings}");
    }
    for (host, settings) in [
        // The certificate is for another name.
        ("127.0.0.1", ours("verify-full")),
        // Nobody whom this machine trusts has signed it.
        ("localhost", "sslmode=verify-full".to_owned()),
        ("localhost", others("verify-full")),
        ("localhost", others("verify-ca")),
        ("localhost", others("require")),
    ] {
        let refused = secured.connected(host, &settings).await;
        assert!(matches!(refused, Err(SqlError::Unreachable(_))), "{host} {settings}: {refused:?}");
    }
}
