//! `[keys]`: where the key-encrypting key is kept.

use super::key::Absent::Nothing;
use super::key::Kind::{Path, Text};
use super::key::keys;
use super::reader::Reader;
use crate::outside::master_key::MasterKeySource;

keys! {
    "keys.master_key_file": Path, Nothing, "secrets/master.key",
        "Tệp chứa khoá chủ (32 byte, base64), quyền 0600, nằm ngoài thư mục dữ liệu. Mất khoá này là mất mọi khoá ký: hãy sao lưu riêng.",
        "The file with the master key (32 octets, base64), mode 0600, outside the data folder. Without it every signing key is lost: back it up separately.";
    "keys.master_key_credential": Text, Nothing, "idp-master-key",
        "Hoặc: tên của credential do systemd nạp (LoadCredential=).",
        "Or: the name of a credential that systemd loads (LoadCredential=).";
    "keys.master_key_variable": Text, Nothing, "IDP_MASTER_KEY",
        "Hoặc: tên của biến môi trường chứa khoá chủ.",
        "Or: the name of an environment variable that holds the master key.";
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<MasterKeySource> {
    let file = reader
        .optional_path("keys.master_key_file")
        .map(MasterKeySource::File);
    let credential = reader.optional_text("keys.master_key_credential");
    let credential = credential.filter(|name| check_name(reader, name));
    let variable = reader.optional_text("keys.master_key_variable");
    let mut found = [
        file,
        credential.map(MasterKeySource::Credential),
        variable.map(MasterKeySource::Environment),
    ]
    .into_iter()
    .flatten();
    let right = "exactly one of master_key_file, master_key_credential, master_key_variable";
    match (found.next(), found.next()) {
        (Some(source), None) => Some(source),
        (Some(_), Some(_)) => {
            reader.problem("keys", "the master key is given more than once", right);
            None
        }
        (None, _) => {
            reader.problem("keys", "no master key is given", right);
            None
        }
    }
}

/// A credential's name must not lead out of the credentials' folder.
fn check_name(reader: &mut Reader<'_>, name: &str) -> bool {
    let plain = !name.contains(['/', '\0']) && name != "." && name != "..";
    if !plain {
        let right = "a name without slashes, as in LoadCredential=";
        reader.problem(
            "keys.master_key_credential",
            "it is no credential's name",
            right,
        );
    }
    plain
}
