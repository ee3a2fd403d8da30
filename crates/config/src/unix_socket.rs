//! `[unix_socket]`.

use serde::Deserialize;

use super::KeyError;

/// The socket files of `unix:` addresses.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawUnixSocket {
    /// The mode of the files. A client needs the permission to write. Default: `0660`.
    mode: Option<String>,
    /// The group of the files, a name or a number. Without it, that of the process.
    group: Option<String>,
}

/// The mode and the group of socket files.
#[derive(Debug, Clone, Copy)]
pub struct UnixSocket {
    /// The permissions.
    pub mode: u32,
    /// The id of the group; without it, that of the process.
    pub group: Option<u32>,
}

impl RawUnixSocket {
    pub(super) fn check(self) -> Result<UnixSocket, KeyError> {
        let mode = u32::from_str_radix(self.mode.as_deref().unwrap_or("0660"), 8);
        let mode = mode.ok().filter(|mode| *mode <= 0o777);
        Ok(UnixSocket {
            mode: mode.ok_or_else(|| {
                KeyError::new("unix_socket.mode", "must be octal digits such as \"0660\"")
            })?,
            group: self.group.map(|group| group_id(&group)).transpose()?,
        })
    }
}

fn group_id(group: &str) -> Result<u32, KeyError> {
    #[cfg(unix)]
    if let Ok(Some(found)) = nix::unistd::Group::from_name(group) {
        return Ok(found.gid.as_raw());
    }
    let reason = "must be a group of this machine, or its number";
    group.parse().map_err(|_| KeyError::new("unix_socket.group", reason))
}
