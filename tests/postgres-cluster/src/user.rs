use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::unistd::{User, geteuid};

use crate::Unavailable;

/// The user that runs the server, which refuses to run as root.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunAs(Option<(u32, u32)>);

impl RunAs {
    pub(crate) fn choose() -> Result<Self, Unavailable> {
        if !geteuid().is_root() {
            return Ok(Self(None));
        }
        let found = ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .ok_or_else(|| {
                Unavailable(
                    "it cannot run as root, and there is neither a user postgres nor nobody"
                        .to_owned(),
                )
            })?;
        Ok(Self(Some((found.uid.as_raw(), found.gid.as_raw()))))
    }

    pub(crate) fn own(self, folder: &Path) -> std::io::Result<()> {
        match self.0 {
            None => Ok(()),
            Some((user, group)) => std::os::unix::fs::chown(folder, Some(user), Some(group)),
        }
    }

    pub(crate) fn command(self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
        // Removes the PostgreSQL settings of the caller.
        for variable in ["PGDATA", "PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGOPTIONS"] {
            command.env_remove(variable);
        }
        command.current_dir(folder).env("LC_ALL", "C");
        command
    }
}
