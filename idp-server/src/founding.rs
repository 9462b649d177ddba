//! What every installation begins with: keys and built-in roles. Shared by `init` and `demo`.

use idp_core::base::entropy::Entropy;
use idp_core::base::fault::Fault;
use idp_core::base::issuer::IssuerKey;
use idp_core::base::time::Timestamp;
use idp_core::jose::SigningAlgorithm;
use idp_core::model::key::{Key, KeyAlgorithm, KeyPlace, KeyPurpose};
use idp_core::model::role::{Role, RoleName};
use idp_core::model::{LocalText, Version};
use idp_core::ports::{KeyMaker, KeyToMake};

/// The purpose of a key, and its algorithm when it signs.
pub type Wanted = (KeyPurpose, Option<SigningAlgorithm>);

/// The keys of a new issuer, which sign at once: nobody has cached a key set yet.
const KEYS: [Wanted; 4] = [
    (KeyPurpose::Token, Some(SigningAlgorithm::ES256)),
    (KeyPurpose::Token, Some(SigningAlgorithm::RS256)),
    (KeyPurpose::Audit, Some(SigningAlgorithm::ES256)),
    (KeyPurpose::Refresh, None),
];

/// Makes the first keys: ES256 and RS256 for tokens, one for the audit, one for refresh tokens.
///
/// # Errors
/// When the generator fails.
pub async fn keys(
    maker: &dyn KeyMaker,
    issuer: &IssuerKey,
    now: Timestamp,
    entropy: &mut Entropy,
) -> Result<Vec<Key>, Fault> {
    keys_of(&KEYS, maker, issuer, now, entropy).await
}

/// Makes these keys, which sign at once.
///
/// # Errors
/// When the generator fails.
pub async fn keys_of(
    wanted: &[Wanted],
    maker: &dyn KeyMaker,
    issuer: &IssuerKey,
    now: Timestamp,
    entropy: &mut Entropy,
) -> Result<Vec<Key>, Fault> {
    let names: Vec<_> = wanted.iter().map(|_| Key::new_kid(entropy)).collect();
    let making = wanted
        .iter()
        .zip(names)
        .map(|(&(purpose, algorithm), kid)| async move {
            let wanted = KeyToMake {
                issuer: issuer.clone(),
                kid,
                purpose,
                algorithm: algorithm.map_or(KeyAlgorithm::Mac, KeyAlgorithm::Signing),
                place: KeyPlace::Store,
            };
            let made = maker.make(&wanted).await?;
            Ok::<_, Fault>(Key {
                kid: wanted.kid,
                version: Version::NEW,
                issuer: issuer.clone(),
                purpose,
                algorithm: wanted.algorithm.name().to_owned(),
                created_at: now,
                active_from: now,
                active_until: None,
                published_until: None,
                public_jwk: made.public_jwk,
                sealed: made.sealed,
            })
        });
    futures::future::try_join_all(making.collect::<Vec<_>>()).await
}

/// The roles that come with the product.
pub fn built_in_roles() -> [Role; 2] {
    let role = |name, vi: &str, en: &str| Role {
        name,
        version: Version::NEW,
        title: LocalText {
            vi: vi.to_owned(),
            en: Some(en.to_owned()),
        },
        description: String::new(),
        built_in: true,
    };
    [
        role(
            RoleName::province_administrator(),
            "Quản trị tỉnh",
            "Province administrator",
        ),
        role(
            RoleName::unit_administrator(),
            "Quản trị đơn vị",
            "Unit administrator",
        ),
    ]
}
