//! `[administration]`: the command line on this machine.

use super::key::Absent::Nothing;
use super::key::Kind::Text;
use super::key::keys;
use super::reader::Reader;

keys! {
    "administration.default_acting": Text, Nothing, "quantri.tinh",
        "Tên đăng nhập của quản trị viên mà các lệnh `idp` nhân danh khi không có --as.",
        "The user name of the administrator as whom `idp` commands act without --as.";
}

/// The command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdministrationSettings {
    /// As whom commands act when they do not say.
    pub default_acting: Option<String>,
}

pub(super) fn read(reader: &mut Reader<'_>) -> AdministrationSettings {
    AdministrationSettings {
        default_acting: reader.optional_text("administration.default_acting"),
    }
}
