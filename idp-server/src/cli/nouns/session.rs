//! `idp session`.

use idp_admin_api::session::{Session, SessionQuery, SessionsEnded};

use super::wire_name;
use crate::cli::args::SessionCommand;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::language::text;
use crate::cli::output::{Column, column};

const LIST: &[Column<Session>] = &[
    column("id", text("Phiên", "Session"), |x, _| x.id.clone()),
    column("user", text("Người dùng", "User"), |x, _| {
        x.user.user_name.clone()
    }),
    column("live", text("Đang mở", "Live"), |x, s| s.flag(x.live)),
    column(
        "amr",
        text("Cách đăng nhập", "Signed in by"),
        |x, _| x.amr.join(" "),
    ),
    column(
        "auth_time",
        text("Đăng nhập lúc", "Signed in at"),
        |x, s| s.time(&x.auth_time),
    ),
    column(
        "last_seen_at",
        text("Dùng gần nhất", "Last used"),
        |x, s| s.time(&x.last_seen_at),
    ),
];

const WHOLE: &[Column<Session>] = &[
    column("id", text("Phiên", "Session"), |x, _| x.id.clone()),
    column("user", text("Người dùng", "User"), |x, _| {
        x.user.user_name.clone()
    }),
    column("name", text("Họ và tên", "Name"), |x, _| {
        x.user.name.clone()
    }),
    column("live", text("Đang mở", "Live"), |x, s| s.flag(x.live)),
    column("acr", text("Mức xác thực", "Level"), |x, _| {
        x.acr.clone()
    }),
    column(
        "amr",
        text("Cách đăng nhập", "Signed in by"),
        |x, _| x.amr.join(" "),
    ),
    column(
        "auth_time",
        text("Đăng nhập lúc", "Signed in at"),
        |x, s| s.time(&x.auth_time),
    ),
    column("created_at", text("Bắt đầu", "Began"), |x, s| {
        s.time(&x.created_at)
    }),
    column(
        "last_seen_at",
        text("Dùng gần nhất", "Last used"),
        |x, s| s.time(&x.last_seen_at),
    ),
    column("expires_at", text("Hết hạn", "Expires"), |x, s| {
        s.time(&x.expires_at)
    }),
    column("ended", text("Đã đóng", "Ended"), |x, s| {
        let ended = x.ended.as_ref();
        ended
            .map(|e| format!("{} {}", s.time(&e.at), wire_name(&e.why)))
            .unwrap_or_default()
    }),
    column("user_agent", text("Trình duyệt", "Browser"), |x, _| {
        x.user_agent.clone()
    }),
    column("clients", text("Ứng dụng", "Applications"), |x, s| {
        s.several(x.clients.iter().cloned())
    }),
];

pub(super) const ENDED: &[Column<SessionsEnded>] = &[
    column(
        "sessions",
        text("Phiên đã đóng", "Sessions ended"),
        |e, _| e.sessions.to_string(),
    ),
    column(
        "logouts",
        text("Ứng dụng được báo", "Applications told"),
        |e, _| e.logouts.to_string(),
    ),
];

pub(super) async fn run(command: SessionCommand, context: &mut Context<'_>) -> Result<(), Failure> {
    match command {
        SessionCommand::List {
            user,
            ended,
            paging,
        } => {
            let api = context.api.clone();
            let fetch = async |page: idp_admin_api::PageQuery| {
                let query = SessionQuery {
                    user: user.clone(),
                    ended,
                    after: page.after,
                    limit: page.limit,
                };
                api.sessions(&query).await
            };
            context.list(&paging, LIST, fetch).await
        }
        SessionCommand::Show { session } => {
            let session = context.api.session(&session).await?;
            context.output.one(&session, WHOLE)
        }
        SessionCommand::End { session, user } => {
            let ended = match (session, user) {
                (_, Some(user)) => {
                    context.confirm(&format!("session end --user {user}"))?;
                    context.api.end_user_sessions(&user).await?
                }
                (session, None) => {
                    context
                        .api
                        .end_session(&session.unwrap_or_default())
                        .await?
                }
            };
            context.changed(&ended, ENDED)
        }
    }
}
