//! `[clients]` and `[certification]`: what files declare, beside what administrators register.

use std::path::PathBuf;

use idp_core::policy::Preset;

use super::key::Absent::Nothing;
use super::key::Kind::Path;
use super::key::keys;
use super::reader::Reader;

keys! {
    "clients.file": Path, Nothing, "ung-dung.toml",
        "Tệp TOML khai báo ứng dụng; mỗi lần khởi động, các ứng dụng trong đó được đưa về đúng như tệp ghi.",
        "TOML file that declares clients; at every start each of them is made what the file says.";
    "certification.password_file": Path, Nothing, "secrets/certification.password",
        "Tệp chứa mật khẩu của `an.certification`, tài khoản có mọi thông tin chuẩn để chạy bộ kiểm thử; chỉ dùng với `provider.preset = \"certification\"`.",
        "File with the password of `an.certification`, an account with every standard claim for a conformance suite; only with `provider.preset = \"certification\"`.";
}

/// Files that declare something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeclaredSettings {
    /// The clients.
    pub clients: Option<PathBuf>,
    /// The password of the certification preset's person; none when nobody is added.
    pub person: Option<PathBuf>,
}

pub(super) fn read(reader: &mut Reader<'_>, preset: Preset) -> DeclaredSettings {
    let person = reader.optional_path("certification.password_file");
    DeclaredSettings {
        clients: reader.optional_path("clients.file"),
        // Nobody is added for real work, whatever is left in the configuration.
        person: person.filter(|_| preset == Preset::Certification),
    }
}
