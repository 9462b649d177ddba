//! Answers a number of token requests in process and ends: what `scripts/instructions` counts.
//!
//! `cargo run --release -p idp-server --example token_requests -- 1000`
//!
//! One thread of requests, no sockets, the real router, the embedded store in a temporary folder.

use std::error::Error;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use idp_core::base::issuer::{Issuer, IssuerKey};
use idp_core::base::secret::SecretText;
use idp_core::jose::SigningAlgorithm;
use idp_core::model::client::{
    Client, ClientAuthenticationMethod, ClientId, ClientKind, ClientSecret, ConsentRule, GrantType,
    PositionChoice,
};
use idp_core::model::configuration::SharedConfiguration;
use idp_core::model::key::KeyPurpose;
use idp_core::model::{LocalText, Version};
use idp_core::policy::Policy;
use idp_core::store::change::{Batch, Change, Write};
use idp_server::founding;
use idp_server::http::routes::router;
use idp_server::outside::clock::Clock;
use idp_server::outside::entropy::Generator;
use idp_server::outside::fetch::FetchRules;
use idp_server::outside::master_key::MasterKey;
use idp_server::outside::passwords::HashingBounds;
use idp_server::ui::{Branding, BrandingInput};
use idp_server::wiring::{Installation, Parts, Place, assemble};
use tower::ServiceExt;

/// What a token request of a service uses.
const KEYS: [founding::Wanted; 1] = [(KeyPurpose::Token, Some(SigningAlgorithm::ES256))];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    idp_server::program::prepare();
    let wanted: u32 = std::env::args()
        .nth(1)
        .ok_or("how many requests?")?
        .parse()?;
    let folder = tempfile::tempdir()?;
    let installation = installation(folder.path()).await?;
    let authorization = seed(&installation).await?;
    let router = router(&installation.site);
    for _ in 0..wanted {
        let request = Request::post("/token")
            .header(header::AUTHORIZATION, &authorization)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from("grant_type=client_credentials&scope=read"))?;
        let answer = router.clone().oneshot(request).await?;
        if answer.status() != StatusCode::OK {
            return Err(format!("answered {}", answer.status()).into());
        }
    }
    installation.store.close().await;
    Ok(())
}

async fn installation(folder: &std::path::Path) -> Result<Installation, Box<dyn Error>> {
    let mut entropy = Generator::system().entropy()?;
    let branding = Branding::parse(BrandingInput {
        province_name_vi: "Tỉnh Mẫu".to_owned(),
        province_name_en: "Sample Province".to_owned(),
        primary_colour: "#0b5d8a".to_owned(),
        ..BrandingInput::default()
    });
    Ok(assemble(Parts {
        policy: Policy::new(IssuerKey::main(), Issuer::parse("http://localhost:8080")?),
        shared: SharedConfiguration::default(),
        place: Place::Folder {
            path: folder.join("data"),
            create: true,
        },
        tickets: None,
        master: &MasterKey::generate(&mut entropy),
        device: None,
        branding: branding.map_err(|_| "branding")?,
        logo: None,
        certificates: idp_server::config::CertificateSettings::default(),
        fetch: FetchRules::default(),
        hashing: HashingBounds::default(),
        clock: Clock::system(),
    })
    .await?)
}

/// Keys and one service client; answers its Authorization header.
async fn seed(installation: &Installation) -> Result<String, Box<dyn Error>> {
    let site = &installation.site;
    let (now, issuer) = (site.clock.now(), &site.provider.policy.issuer_key);
    let mut entropy = site.generator.entropy()?;
    let maker = installation.key_maker.as_ref();
    // One key alone: finding the primes of an RSA key takes a different time in each run.
    let keys = founding::keys_of(&KEYS, maker, issuer, now, &mut entropy).await?;
    let secret = SecretText::generate(&mut entropy);
    let client = Client {
        id: ClientId::new("service").ok_or("client id")?,
        version: Version::NEW,
        issuer: issuer.clone(),
        name: LocalText::plain("Hệ thống"),
        kind: ClientKind::Service,
        disabled: false,
        authentication: ClientAuthenticationMethod::ClientSecretBasic,
        secrets: vec![ClientSecret {
            digest: Some(secret.digest()),
            sealed: None,
            created_at: now,
            expires_at: None,
        }],
        jwks: None,
        jwks_uri: None,
        redirect_uris: Vec::new(),
        post_logout_redirect_uris: Vec::new(),
        backchannel_logout_uri: None,
        grant_types: vec![GrantType::ClientCredentials],
        scopes: vec!["read".to_owned()],
        id_token_alg: "ES256".to_owned(),
        position: PositionChoice::Main,
        consent: ConsentRule::Never,
        introspects: false,
        unit: None,
        client_uri: None,
        policy_uri: None,
        tos_uri: None,
        access_token_seconds: None,
        features: Box::default(),
        sector: None,
        logo: None,
        registration: None,
        declared: false,
        created_at: now,
    };
    let mut changes: Vec<Change> = keys
        .into_iter()
        .map(|k| Change::Key(Write::Put(k)))
        .collect();
    changes.push(Change::Client(Write::Put(client)));
    site.provider
        .records
        .commit(Batch {
            changes,
            events: Vec::new(),
        })
        .await?;
    let credentials = STANDARD.encode(format!("service:{}", secret.expose()));
    Ok(format!("Basic {credentials}"))
}
