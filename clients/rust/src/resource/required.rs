//! What routes require of their callers, and the challenge for those who do not meet it.

use std::time::Duration;

use http::StatusCode;

use super::{Caller, Presented, ResourceServer};
use crate::clock;
use crate::error::{AccessTokenError, Error, ProofError};
use crate::step_up::Demand;

/// The proof algorithms named in challenges (RFC 9449 §7.1).
const ALGS: &str = r#"algs="ES256 PS256 RS256 EdDSA""#;

/// What a group of routes requires of its callers.
#[derive(Clone, Debug)]
pub struct Required {
    server: ResourceServer,
    scopes: Vec<String>,
    demand: Demand,
}

impl Required {
    pub(super) fn new(server: ResourceServer, scopes: Vec<String>) -> Self {
        Self {
            server,
            scopes,
            demand: Demand::default(),
        }
    }

    /// Also demands that the person signed in so strongly, or so recently (RFC 9470): who did not
    /// is answered with the challenge that leads to exactly that sign-in.
    #[must_use]
    pub fn acr<I, S>(mut self, values: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        self.demand.acr_values = Demand::acr(values).acr_values;
        self
    }

    /// Also demands a sign-in no older than this.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.demand = self.demand.max_age(age);
        self
    }

    /// The server this belongs to.
    #[must_use]
    pub fn server(&self) -> &ResourceServer {
        &self.server
    }

    /// The caller behind a request, if it may. Refuses as [`ResourceServer::authenticate`], and
    /// with `access_token_scope` and `access_token_authentication`.
    pub async fn authorize(&self, presented: &Presented<'_>) -> Result<Caller, Error> {
        let caller = self.server.authenticate(presented).await?;
        if !self.scopes.iter().all(|scope| caller.has_scope(scope)) {
            return Err(AccessTokenError::Scope.into());
        }
        let tolerance = self.server.client().settings().tolerance();
        if !self
            .demand
            .is_met_by(&caller.authentication, clock::now(), tolerance)
        {
            return Err(AccessTokenError::Authentication.into());
        }
        Ok(caller)
    }

    /// The status and the `WWW-Authenticate` fields for a refusal (RFC 6750 §3, RFC 9449 §7.1,
    /// RFC 9470 §3).
    #[must_use]
    pub fn challenge(&self, error: &Error) -> (StatusCode, Vec<String>) {
        let reason = error.reason();
        match error {
            Error::AccessToken(AccessTokenError::Missing) => {
                // Nothing was tried, so nothing is said about it (RFC 6750 §3.1).
                let challenges = vec![format!("DPoP {ALGS}"), "Bearer".to_owned()];
                (StatusCode::UNAUTHORIZED, challenges)
            }
            Error::AccessToken(error) => {
                let (status, rest) = self.judged(*error);
                let challenges = [format!("DPoP {ALGS}, {rest}"), format!("Bearer {rest}")];
                (status, challenges.into())
            }
            Error::Proof(ProofError::Nonce) => {
                let challenge = format!(r#"DPoP error="use_dpop_nonce", {ALGS}"#);
                (StatusCode::UNAUTHORIZED, vec![challenge])
            }
            Error::Proof(_) => {
                let challenge = format!(
                    r#"DPoP error="invalid_dpop_proof", error_description="{reason}", {ALGS}"#
                );
                (StatusCode::UNAUTHORIZED, vec![challenge])
            }
            _ => (StatusCode::SERVICE_UNAVAILABLE, Vec::new()),
        }
    }

    /// Status and parameters for a token that was looked at.
    fn judged(&self, error: AccessTokenError) -> (StatusCode, String) {
        let described = |code: &str| {
            let reason = error.reason();
            format!(r#"error="{code}", error_description="{reason}""#)
        };
        match error {
            AccessTokenError::Authorization | AccessTokenError::TooLong => {
                (StatusCode::BAD_REQUEST, described("invalid_request"))
            }
            AccessTokenError::Scope => {
                let scope = quoted(&self.scopes.join(" "));
                let rest = format!(r#"error="insufficient_scope", scope="{scope}""#);
                (StatusCode::FORBIDDEN, rest)
            }
            AccessTokenError::Authentication => (StatusCode::UNAUTHORIZED, self.stepping_up()),
            _ => (StatusCode::UNAUTHORIZED, described("invalid_token")),
        }
    }

    fn stepping_up(&self) -> String {
        let mut rest = r#"error="insufficient_user_authentication""#.to_owned();
        if !self.demand.acr_values.is_empty() {
            let values = quoted(&self.demand.acr_values.join(" "));
            rest.push_str(&format!(r#", acr_values="{values}""#));
        }
        if let Some(age) = self.demand.max_age {
            rest.push_str(&format!(r#", max_age="{}""#, age.as_secs()));
        }
        rest
    }
}

/// Text that may stand between quotation marks in a header field.
fn quoted(text: &str) -> String {
    text.chars()
        .filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\'))
        .collect()
}
