//! `[keys]`: where the key-encrypting key is kept, and the device that holds signing keys.

use std::path::PathBuf;
use std::time::Duration;

use super::key::Absent::Nothing;
use super::key::Absent::Value;
use super::key::Kind::{Count, Path, Span, Text};
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
    "keys.rotate_every": Span(Duration::ZERO, Duration::from_secs(1_095 * 86_400)), Value("90d"), "90d",
        "Mỗi khoá ký token và ký nhật ký được thay sau thời gian này; khoá mới được công bố trước lifetimes.key_announcement. 0s: không tự thay.",
        "Each key of tokens and of the audit is followed by another after this long, announced lifetimes.key_announcement before. 0s: only people rotate.";
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

/// How often keys are rotated; none when only people do. A key must sign for longer than its
/// successor is announced, and for a day at least: applications fetch the key set anew each time.
pub(super) fn read_rotation(reader: &mut Reader<'_>) -> Option<Duration> {
    let every = reader.span("keys.rotate_every");
    let announcement = reader.span("lifetimes.key_announcement");
    if every.is_zero() {
        return None;
    }
    if every < LEAST_ROTATION || every <= announcement {
        let wrong = "it is shorter than a day, or not longer than lifetimes.key_announcement";
        reader.problem(
            "keys.rotate_every",
            wrong,
            "90d for instance, or 0s for never",
        );
    }
    Some(every)
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
    let pin = read_pin(reader);
    Some(DeviceSettings {
        sessions: reader.count_usize("keys.pkcs11_sessions"),
        module: module?,
        token: token?,
        pin: pin?,
    })
}

/// Keys follow each other at least so far apart.
const LEAST_ROTATION: Duration = Duration::from_secs(86_400);

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

fn read_pin(reader: &mut Reader<'_>) -> Option<SecretSource> {
    let file = reader.optional_path("keys.pkcs11_pin_file");
    match (file, reader.optional_text("keys.pkcs11_pin_credential")) {
        (Some(path), None) => Some(SecretSource::File(path)),
        (None, Some(name)) => check_name(reader, "keys.pkcs11_pin_credential", &name)
            .then_some(SecretSource::Credential(name)),
        _ => {
            let wrong = "the PIN is given twice, or not at all";
            let right = "either pkcs11_pin_file or pkcs11_pin_credential";
            reader.problem("keys", wrong, right);
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
