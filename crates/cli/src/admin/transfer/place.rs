//! The place of a file that is there whole or not at all, for its owner only, and never in the place of another.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tokio::fs::File;

use crate::failure::CommandError;

/// A file that is being written, under another name until it is whole. What was not kept goes.
pub(super) struct Place {
    file: PathBuf,
    part: PathBuf,
    writer: File,
    kept: bool,
}

impl Place {
    /// Takes the place, unless something is there already.
    pub(super) fn take(file: &Path) -> Result<Self, CommandError> {
        if is_there(file) {
            return Err(taken(file));
        }
        let mut part = file.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&part) {
            Ok(writer) => {
                Ok(Self { file: file.to_owned(), part, writer: File::from_std(writer), kept: false })
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(CommandError::Refused(format!(
                    "{} is there: another export is writing it, or one was killed; delete it if none is",
                    part.display()
                )))
            }
            Err(error) => Err(CommandError::system(format!("could not make {}", part.display()), error)),
        }
    }

    pub(super) const fn writer(&mut self) -> &mut File {
        &mut self.writer
    }

    /// Gives the file its name, when all of it is on disk.
    pub(super) async fn keep(mut self) -> Result<(), CommandError> {
        let unwritten =
            |error| CommandError::system(format!("could not write {}", self.file.display()), error);
        self.writer.sync_all().await.map_err(unwritten)?;
        if is_there(&self.file) {
            return Err(taken(&self.file));
        }
        fs::rename(&self.part, &self.file).map_err(unwritten)?;
        self.kept = true;
        // The name is on disk when its directory is.
        let directory = self.file.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory =
            fs::File::open(directory.unwrap_or(Path::new("."))).and_then(|opened| opened.sync_all());
        directory
            .map_err(|error| CommandError::system(format!("could not write {}", self.file.display()), error))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.kept {
            // It cannot be told any more; the next export finds it.
            let _ = fs::remove_file(&self.part);
        }
    }
}

/// Whether there is something of this name, be it a link that leads nowhere.
fn is_there(file: &Path) -> bool {
    file.symlink_metadata().is_ok()
}

fn taken(file: &Path) -> CommandError {
    CommandError::Refused(format!(
        "{} is there already; take another name, or delete it first",
        file.display()
    ))
}
