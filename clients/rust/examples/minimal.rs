//! Signs somebody in. Set `ISSUER`, `CLIENT_ID`, `CLIENT_SECRET` and `BASE_URL`, the last one being
//! `http://localhost:` and a port, run it, and open that address in a browser.
use axum::{Router, response::Html, routing::get};
use idp_relying_party::web::{RelyingParty, SignedIn};
use idp_relying_party::{ClientAuthentication, Settings};
use std::env::var;

async fn home(signed_in: SignedIn) -> Html<String> {
    let name = signed_in
        .person
        .name
        .as_deref()
        .unwrap_or("bạn")
        .replace(['<', '&'], " ");
    let sign_out = "<form method=post action=/logout><button>Đăng xuất</button></form>";
    Html(format!("<p>Xin chào {name}!</p>{sign_out}"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .ok();
    let base_url = var("BASE_URL")?;
    let settings = Settings::new(&var("ISSUER")?, &var("CLIENT_ID")?, &base_url)?
        .authentication(ClientAuthentication::secret_basic(&var("CLIENT_SECRET")?))
        .scopes(["profile"]);
    let relying_party = RelyingParty::new(settings)?;
    let app = Router::new()
        .route("/", get(home))
        .merge(relying_party.routes())
        .with_state(relying_party);
    let port = base_url.rsplit(':').next().unwrap_or_default();
    let listener = tokio::net::TcpListener::bind(format!("localhost:{port}")).await?;
    Ok(axum::serve(listener, app).await?)
}
