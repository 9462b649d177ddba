//! One proof (RFC 9449 §4.2).

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use url::Url;

use super::DpopKey;
use crate::error::Error;
use crate::random;

#[derive(Serialize)]
struct Header {
    typ: &'static str,
    alg: &'static str,
    jwk: Value,
}

#[derive(Serialize)]
struct Claims<'a> {
    jti: String,
    htm: &'a str,
    htu: &'a str,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ath: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
}

/// The request that a proof is made for.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: &'a Url,
    pub(crate) access_token: Option<&'a str>,
    pub(crate) nonce: Option<String>,
}

impl DpopKey {
    /// A fresh proof for one request. `htu` is the address without query and fragment.
    pub(crate) fn proof(&self, asked: Asked<'_>, now: DateTime<Utc>) -> Result<String, Error> {
        let key = self.key();
        let header = Header {
            typ: "dpop+jwt",
            alg: key.alg(),
            jwk: key.bare_jwk(),
        };
        let mut htu = asked.url.clone();
        htu.set_query(None);
        htu.set_fragment(None);
        let claims = Claims {
            jti: random::token()?,
            htm: asked.method,
            htu: htu.as_str(),
            iat: now.timestamp(),
            ath: asked.access_token.map(ath),
            nonce: asked.nonce,
        };
        key.compact(&header, &claims)
    }
}

/// The digest that ties a proof to the access token beside it (§4.2, §7.1).
pub(crate) fn ath(access_token: &str) -> String {
    random::digest(access_token)
}
