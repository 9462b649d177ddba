//! `[audit]`: where the signed heads of the audit go when they leave the store.

use std::path::PathBuf;

use super::key::Absent::Nothing;
use super::key::Kind::Path;
use super::key::keys;
use super::reader::Reader;

keys! {
    "audit.heads_file": Path, Nothing, "/mnt/audit/idp-heads.jsonl",
        "Tệp mà mỗi phút máy chủ nối thêm đầu khối kiểm toán đã ký mới nhất, mỗi dòng một đối tượng JSON; nên đặt trên máy khác. `idp audit verify --head TỆP` dùng nó để tìm chỗ viết lại hay cắt bớt. Không đặt thì không ghi.",
        "A file to which the server appends the newest signed head of the audit each minute, one JSON object a line; best on another machine. `idp audit verify --head FILE` finds rewriting and truncation by it. Without it none is written.";
    "audit.syslog": Path, Nothing, "/dev/log",
        "Socket Unix của syslog; mỗi phút gửi cùng dòng đó (RFC 5424, facility 13 \"log audit\"). Không đặt thì không gửi.",
        "The Unix socket of syslog, which gets the same line each minute (RFC 5424, facility 13 \"log audit\"). Without it none is sent.";
}

/// Where the heads of the audit go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditSettings {
    /// The file they are appended to.
    pub heads_file: Option<PathBuf>,
    /// The socket they are sent to.
    pub syslog: Option<PathBuf>,
}

pub(super) fn read(reader: &mut Reader<'_>) -> AuditSettings {
    AuditSettings {
        heads_file: reader.optional_path("audit.heads_file"),
        syslog: reader.optional_path("audit.syslog"),
    }
}
