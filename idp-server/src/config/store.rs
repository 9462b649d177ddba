//! `[store]`: where the data rest.

use std::path::PathBuf;

use super::key::Absent::Value;
use super::key::Kind::Path;
use super::key::keys;
use super::reader::Reader;

keys! {
    "store.folder": Path, Value("data"), "/var/lib/idp",
        "Thư mục dữ liệu, chỉ người dùng của dịch vụ được vào (0700).",
        "The data folder, open only to the service's user (0700).";
}

/// Where the data rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSettings {
    /// The data folder.
    pub folder: PathBuf,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<StoreSettings> {
    reader
        .optional_path("store.folder")
        .map(|folder| StoreSettings { folder })
}
