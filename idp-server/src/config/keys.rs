//! `[keys]`: where the key-encrypting key is kept, and the device that holds signing keys.

use std::path::PathBuf;

use super::key::Absent::Nothing;
use super::key::Absent::Value;
use super::key::Kind::{Count, Path, Text};
use super::key::keys;
use super::reader::Reader;
use crate::outside::master_key::MasterKeySource;
use crate::outside::password_file::SecretSource;

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
    "keys.pkcs11_module": Path, Nothing, "/usr/lib/softhsm/libsofthsm2.so",
        "Thư viện PKCS#11 của thiết bị (HSM) giữ khoá ký; chỉ root hoặc người dùng của dịch vụ được ghi. Vắng mặt: không dùng thiết bị.",
        "The PKCS#11 library of the device (HSM) that holds signing keys; writable by nobody but root and the service's user. Absent: no device.";
    "keys.pkcs11_token": Text, Nothing, "idp",
        "Nhãn của token PKCS#11 trong thiết bị.",
        "The label of the PKCS#11 token in the device.";
    "keys.pkcs11_pin_file": Path, Nothing, "secrets/pkcs11.pin",
        "Tệp chứa mã PIN của token, quyền 0600. PIN sai không được thử lại.",
        "The file with the PIN of the token, mode 0600. A wrong PIN is not tried again.";
    "keys.pkcs11_pin_credential": Text, Nothing, "idp-pkcs11-pin",
        "Hoặc: tên của credential do systemd nạp (LoadCredential=).",
        "Or: the name of a credential that systemd loads (LoadCredential=).";
    "keys.pkcs11_sessions": Count(1, 64), Value("4"), "4",
        "Số chữ ký mà thiết bị làm cùng lúc: mỗi chữ ký một luồng và một phiên PKCS#11.",
        "Signatures that the device makes at the same time: a thread and a PKCS#11 session each.";
}

/// A device, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceSettings {
    /// The module.
    pub module: PathBuf,
    /// The token's label.
    pub token: String,
    /// Where the PIN is kept.
    pub pin: SecretSource,
    /// Signatures at the same time.
    pub sessions: usize,
}

/// The device; none when none of its keys is given. All of them that are missing are told.
pub(super) fn read_device(reader: &mut Reader<'_>) -> Option<DeviceSettings> {
    let names = ["module", "token", "pin_file", "pin_credential", "sessions"];
    let given = |name: &&str| reader.is_given(&format!("keys.pkcs11_{name}"));
    if !names.iter().any(given) {
        return None;
    }
    let module = reader.optional_path("keys.pkcs11_module");
    if module.is_none() {
        reader.problem(
            "keys.pkcs11_module",
            "it is missing",
            "the device's library",
        );
    }
    let token = reader.optional_text("keys.pkcs11_token");
    if token
        .as_ref()
        .is_none_or(|label| label.len() > LONGEST_LABEL)
    {
        let wrong = "it is missing, or longer than 32 octets";
        reader.problem("keys.pkcs11_token", wrong, "the token's label");
    }
    let file = reader.optional_path("keys.pkcs11_pin_file");
    let credential = reader.optional_text("keys.pkcs11_pin_credential");
    let credential =
        credential.filter(|name| check_name(reader, "keys.pkcs11_pin_credential", name));
    let pin = match (file, credential) {
        (Some(path), None) => Some(SecretSource::File(path)),
        (None, Some(name)) => Some(SecretSource::Credential(name)),
        _ => {
            let wrong = "the PIN is given twice, or not at all";
            let right = "either pkcs11_pin_file or pkcs11_pin_credential";
            reader.problem("keys", wrong, right);
            None
        }
    };
    Some(DeviceSettings {
        sessions: reader.count_usize("keys.pkcs11_sessions"),
        module: module?,
        token: token?,
        pin: pin?,
    })
}

/// The longest label of a token (PKCS#11 §3.2, CK_TOKEN_INFO).
const LONGEST_LABEL: usize = 32;

pub(super) fn read(reader: &mut Reader<'_>) -> Option<MasterKeySource> {
    let file = reader
        .optional_path("keys.master_key_file")
        .map(MasterKeySource::File);
    let credential = reader.optional_text("keys.master_key_credential");
    let credential =
        credential.filter(|name| check_name(reader, "keys.master_key_credential", name));
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
fn check_name(reader: &mut Reader<'_>, key: &str, name: &str) -> bool {
    let plain = !name.contains(['/', '\0']) && name != "." && name != "..";
    if !plain {
        let right = "a name without slashes, as in LoadCredential=";
        reader.problem(key, "it is no credential's name", right);
    }
    plain
}
