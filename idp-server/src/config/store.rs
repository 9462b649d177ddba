//! `[store]`: where the data rest.

use std::path::PathBuf;
use std::time::Duration;

use idp_core::base::secret::SecretText;
use idp_store::postgres::{Limits, PostgresOptions};

use super::key::Absent::{Nothing, Value};
use super::key::Kind::{Count, Path, Span, Text};
use super::key::keys;
use super::reader::Reader;

keys! {
    "store.folder": Path, Value("data"), "/var/lib/idp",
        "Thư mục dữ liệu, chỉ người dùng của dịch vụ được vào (0700). Có PostgreSQL thì chỉ còn giữ cổng quản trị.",
        "The data folder, open only to the service's user (0700). With PostgreSQL it holds the administration socket only.";
    "store.postgres": Text, Nothing, "postgres://idp@db1.tinh.lan/idp",
        "Địa chỉ cơ sở dữ liệu PostgreSQL mà mọi nút dùng chung, không kèm mật khẩu. Vắng mặt: dữ liệu nằm trong store.folder.",
        "The address of the PostgreSQL database that all nodes share, without a password. Absent: the data rest in store.folder.";
    "store.postgres_password_file": Path, Nothing, "secrets/postgres.password",
        "Tệp chứa mật khẩu PostgreSQL, người khác không đọc được. Bắt buộc với máy khác.",
        "The file with the PostgreSQL password, unreadable to others. Required for other machines.";
    "store.postgres_ca_file": Path, Nothing, "tls/tinh-ca.pem",
        "Tệp PEM: cơ quan chứng thực của chứng thư PostgreSQL, nếu không phải cơ quan mà trình duyệt biết.",
        "PEM file of the authority of PostgreSQL's certificate, when it is none that browsers know.";
    "store.postgres_connections": Count(2, 200), Value("10"), "20",
        "Số kết nối của nút này; tổng của các nút phải dưới max_connections của máy chủ.",
        "Connections of this node; those of all nodes together must stay below the server's max_connections.";
    "store.postgres_timeout": Span(Duration::from_millis(500), Duration::from_secs(60)), Value("5s"), "5s",
        "Thời gian tối đa của một câu lệnh PostgreSQL.",
        "The longest time of one PostgreSQL statement.";
}

/// Where the data rest.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// The data folder.
    pub folder: PathBuf,
    /// PostgreSQL; none when the data rest in the folder.
    pub postgres: Option<PostgresSettings>,
}

/// PostgreSQL, as configured; the password's file is not read yet.
#[derive(Clone, Debug)]
pub struct PostgresSettings {
    /// Everything that is no secret.
    pub options: PostgresOptions,
    /// Where the password is kept.
    pub password_file: Option<PathBuf>,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<StoreSettings> {
    let postgres = postgres(reader);
    reader
        .optional_path("store.folder")
        .map(|folder| StoreSettings { folder, postgres })
}

fn postgres(reader: &mut Reader<'_>) -> Option<PostgresSettings> {
    let address = reader.optional_text("store.postgres");
    let password_file = reader.optional_path("store.postgres_password_file");
    let certificate_authority = reader.optional_path("store.postgres_ca_file");
    let connections = reader.count_u32("store.postgres_connections");
    let statement = reader.span("store.postgres_timeout");
    let Some(address) = address else {
        if password_file.is_some() || certificate_authority.is_some() {
            let right = "postgres://user@host/database, or no file for it";
            reader.problem("store.postgres", "it is missing", right);
        }
        return None;
    };
    let options = PostgresOptions {
        certificate_authority,
        connections,
        limits: Limits {
            statement,
            ..Limits::default()
        },
        ..PostgresOptions::new(SecretText::new(address))
    };
    // Whoever may read the configuration need not know the password, and `config explain` shows
    // this value.
    if options.url_holds_password() {
        let right = "the password in a file named by store.postgres_password_file";
        reader.problem("store.postgres", "it holds a password", right);
        return None;
    }
    if let Err(fault) = options.check(password_file.is_some()) {
        reader.problem("store", fault.detail, "see docs/operators/nodes.md");
    }
    Some(PostgresSettings {
        options,
        password_file,
    })
}
