//! `idp user certificate`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use idp_admin_api::user_certificate::{UserCertificate, UserCertificateNew};

use super::session::ENDED;
use crate::cli::args::{Paging, UserCertificateCommand};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::file::read_bounded;
use crate::cli::language::text;
use crate::cli::output::{Column, column};

/// The largest file of a certificate.
const MOST_BYTES: u64 = 128 * 1024;

const COLUMNS: &[Column<UserCertificate>] = &[
    column("id", text("Mã số", "Id"), |c, _| c.id.clone()),
    column("subject", text("Chủ thể", "Subject"), |c, _| {
        c.subject.clone()
    }),
    column("issuer", text("CA cấp", "Issuer"), |c, _| {
        c.issuer.clone()
    }),
    column("serial", text("Số sê-ri", "Serial"), |c, _| {
        c.serial.clone()
    }),
    column("expires_at", text("Hết hạn", "Expires"), |c, s| {
        s.time(&c.expires_at)
    }),
    column("anchor", text("CA được tin", "Trusted by"), |c, _| {
        c.anchor.clone()
    }),
    column("binding", text("Cách gắn", "Bound"), |c, _| {
        c.binding.clone()
    }),
    column("counts", text("Đang có giá trị", "Counts"), |c, s| {
        s.flag(c.counts)
    }),
    column(
        "status_at",
        text("Biết còn tốt lúc", "Known good at"),
        |c, s| s.time_if(c.status_at.as_ref()),
    ),
    column("reason", text("Vì sao không", "Why not"), |c, _| {
        c.reason.clone().unwrap_or_default()
    }),
];

pub(super) async fn run(
    command: UserCertificateCommand,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    match command {
        UserCertificateCommand::Add { user, file } => {
            let certificate = STANDARD.encode(read_bounded(&file, MOST_BYTES)?);
            let new = UserCertificateNew { certificate };
            let bound = context.api.add_user_certificate(&user, &new).await?;
            context.changed(&bound, COLUMNS)
        }
        UserCertificateCommand::List { user } => {
            let api = context.api.clone();
            let every = Paging {
                all: true,
                ..Paging::default()
            };
            let fetch = async |page| api.user_certificates(&user, &page).await;
            context.list(&every, COLUMNS, fetch).await
        }
        UserCertificateCommand::Remove { user, certificate } => {
            context.confirm(&format!("user certificate remove {user} {certificate}"))?;
            let removed = context.api.remove_user_certificate(&user, &certificate);
            let ended = removed.await?;
            context.changed(&ended, ENDED)
        }
    }
}
