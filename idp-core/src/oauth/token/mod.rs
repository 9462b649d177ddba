//! The token endpoint (RFC 6749 §3.2): one file per grant type.

pub mod authorization_code;
pub mod client_credentials;
pub mod device_code;
pub mod jwt_bearer;
pub mod refresh_token;
pub mod token_exchange;

use serde_json::{Map, Value};

use self::token_exchange::Exchange;
use super::access_token::AccessTokenClaims;
use super::client_auth::AuthenticatedClient;
use super::opaque_token::OpaqueToken;
use super::params::Parameters;
use super::resource;
use super::scope::{self, Scope};
use crate::base::entropy::Entropy;
use crate::base::refusal::{Reason, Refusal};
use crate::base::secret::SecretText;
use crate::model::GrantId;
use crate::model::authorization_details::{AuthorizationDetails, PARAMETER};
use crate::model::client::{AccessTokenFormat, Client, GrantType};
use crate::oidc::claims::{Person, UnitPath};
use crate::oidc::{id_token, userinfo};
use crate::store::decision::Deciding;
use crate::store::records::GrantFacts;

/// The part of its rights that a client wants for this one token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// `scope` (RFC 6749 §6, §4.4.2); everything when absent.
    pub scope: Option<Scope>,
    /// `resource` (RFC 8707 §2.2); everything when there is none.
    pub resources: Vec<String>,
    /// `authorization_details` (RFC 9396 §6); everything when there are none.
    pub details: AuthorizationDetails,
}

impl Wanted {
    /// Everything.
    pub const ALL: Self = Self {
        scope: None,
        resources: Vec::new(),
        details: AuthorizationDetails::NONE,
    };

    /// Reads what a token request names.
    ///
    /// # Errors
    /// [`Reason::ScopeMalformed`], and those of [`resource::requested`] and
    /// [`AuthorizationDetails::requested`].
    pub fn parse(body: &Parameters) -> Result<Self, Refusal> {
        Ok(Self {
            scope: body.find("scope").map(Scope::parse).transpose()?,
            resources: resource::requested(body)?,
            details: AuthorizationDetails::requested(body.find(PARAMETER))?,
        })
    }
}

/// What is asked of the token endpoint.
#[derive(Clone, Debug)]
pub enum TokenRequest {
    /// RFC 6749 §4.1.3.
    AuthorizationCode {
        /// The code.
        code: SecretText,
        /// The address it was sent to.
        redirect_uri: Option<String>,
        /// PKCE.
        verifier: Option<SecretText>,
        /// A part of what was granted; the scope is not looked at.
        wanted: Wanted,
    },
    /// RFC 6749 §6.
    RefreshToken {
        /// The token.
        token: SecretText,
        /// A part of what was granted.
        wanted: Wanted,
    },
    /// RFC 6749 §4.4.
    ClientCredentials {
        /// A part of what is registered.
        wanted: Wanted,
    },
    /// RFC 8628 §3.4.
    DeviceCode {
        /// The device code.
        code: SecretText,
    },
    /// RFC 8693 §2.1.
    TokenExchange(Box<Exchange>),
    /// RFC 7523 §2.1.
    JwtBearer {
        /// The assertion.
        assertion: SecretText,
        /// A part of what was granted.
        wanted: Wanted,
    },
}

impl TokenRequest {
    /// Parses the body.
    ///
    /// # Errors
    /// [`Reason::ParameterMissing`], [`Reason::GrantTypeUnsupported`],
    /// and those of [`Wanted::parse`].
    pub fn parse(body: &Parameters) -> Result<Self, Refusal> {
        let grant_type =
            GrantType::parse(body.required("grant_type")?).ok_or(Reason::GrantTypeUnsupported)?;
        let secret = |name: &str| body.secret(name).ok_or(Reason::ParameterMissing);
        let wanted = Wanted::parse(body)?;
        Ok(match grant_type {
            GrantType::AuthorizationCode => Self::AuthorizationCode {
                code: secret("code")?,
                redirect_uri: body.find("redirect_uri").map(str::to_owned),
                verifier: body.secret("code_verifier"),
                wanted,
            },
            GrantType::RefreshToken => Self::RefreshToken {
                token: secret("refresh_token")?,
                wanted,
            },
            GrantType::ClientCredentials => Self::ClientCredentials { wanted },
            GrantType::DeviceCode => Self::DeviceCode {
                code: secret("device_code")?,
            },
            GrantType::TokenExchange => {
                Self::TokenExchange(Box::new(Exchange::parse(body, wanted)?))
            }
            GrantType::JwtBearer => Self::JwtBearer {
                assertion: secret("assertion")?,
                wanted,
            },
            GrantType::Implicit => return Err(Reason::GrantTypeUnsupported.into()),
        })
    }

    /// Checks that the client is registered for the grant type (RFC 6749 §5.2).
    ///
    /// # Errors
    /// [`Reason::GrantTypeNotAllowed`].
    pub fn check_allowed(&self, client: &Client) -> Result<(), Reason> {
        let allowed = client.may_use(self.grant_type());
        allowed.then_some(()).ok_or(Reason::GrantTypeNotAllowed)
    }

    /// Its grant type.
    pub const fn grant_type(&self) -> GrantType {
        match self {
            Self::AuthorizationCode { .. } => GrantType::AuthorizationCode,
            Self::RefreshToken { .. } => GrantType::RefreshToken,
            Self::ClientCredentials { .. } => GrantType::ClientCredentials,
            Self::DeviceCode { .. } => GrantType::DeviceCode,
            Self::TokenExchange(_) => GrantType::TokenExchange,
            Self::JwtBearer { .. } => GrantType::JwtBearer,
        }
    }
}

/// What the flow signs and answers.
#[derive(Clone, Debug)]
pub struct TokenPlan {
    /// The access token's claims.
    pub access: AccessTokenClaims,
    /// The ID Token's claims, before `at_hash`.
    pub id_token: Option<Map<String, Value>>,
    /// The algorithm that signs the ID Token.
    pub id_token_alg: String,
    /// The refresh token to make: grant and generation.
    pub refresh: Option<(GrantId, u32)>,
    /// Seconds until the access token expires.
    pub expires_in: u64,
    /// The text of the access token when it is opaque.
    pub opaque: Option<OpaqueToken>,
    /// Further members of the answer.
    pub members: Map<String, Value>,
}

impl TokenPlan {
    /// The plan of an access token alone.
    fn of_access(
        (client, access): (&Client, AccessTokenClaims),
        expires_in: u64,
        entropy: &mut Entropy,
    ) -> Self {
        let mut members = Map::new();
        if !access.authorization_details.is_empty() {
            let details = access.authorization_details.to_value();
            members.insert("authorization_details".to_owned(), details);
        }
        let opaque = client.features.access_token_format == AccessTokenFormat::Opaque;
        Self {
            access,
            id_token: None,
            id_token_alg: client.id_token_alg.clone(),
            refresh: None,
            expires_in,
            opaque: opaque.then(|| OpaqueToken::generate(entropy)),
            members,
        }
    }
}

impl TokenPlan {
    /// The same with an access token that only the holder of the keys can use that the client
    /// showed with its request.
    #[must_use]
    pub fn bound_to(mut self, client: &AuthenticatedClient) -> Self {
        self.access.cnf = client.confirmation().clone();
        self
    }
}

/// A grant with what its tokens say.
#[derive(Clone, Debug)]
pub struct IssueFacts<'a> {
    /// Grant, user, session, subject.
    pub grant: &'a GrantFacts,
    /// The paths that the scope needs.
    pub paths: &'a [UnitPath],
}

/// Plans the tokens of a grant. `scope` may be narrower than what was granted, and so may the
/// resources and details that are `wanted`; the access token carries the part of the scope that
/// means something at the resources.
///
/// # Errors
/// [`Reason::GrantEnded`] without a subject, and those of [`resource::within_grant`],
/// [`AuthorizationDetails::within`] and [`resource::audience`].
pub(super) fn plan(
    client: &Client,
    facts: &IssueFacts<'_>,
    (scope, wanted): (&Scope, &Wanted),
    deciding: &mut Deciding<'_>,
) -> Result<TokenPlan, Refusal> {
    let (now, policy) = (deciding.now(), deciding.policy);
    let grant = &facts.grant.grant;
    let subject = facts.grant.subject.as_ref().ok_or(Reason::GrantEnded)?;
    let lifetime = access_lifetime(client, policy);
    let scope = &still_registered(scope, client);
    let resources = resource::within_grant(&wanted.resources, &grant.resources)?;
    resource::check_allowed(resources, client)?;
    let access = AccessTokenClaims {
        iss: policy.issuer.as_str().to_owned(),
        sub: subject.sub.clone(),
        aud: resource::audience(resources, &policy.issuer)?,
        client_id: client.id.as_str().to_owned(),
        exp: (now + lifetime).seconds(),
        iat: now.seconds(),
        jti: AccessTokenClaims::jti(Some(grant.id), deciding.entropy),
        scope: resource::narrowed(scope, resources, client).to_string(),
        auth_time: Some(grant.authentication.at.seconds()),
        acr: Some(grant.authentication.level.acr().to_owned()),
        authorization_details: wanted.details.within(&grant.authorization_details)?,
        ..AccessTokenClaims::default()
    };
    let person = Person {
        user: &facts.grant.user,
        position: userinfo::chosen(grant, facts.grant, now),
        paths: facts.paths,
    };
    let id_token = scope
        .holds(scope::OPENID)
        .then(|| id_token::claims((grant, scope), &person, &subject.sub, (now, policy)));
    let plan = TokenPlan::of_access((client, access), lifetime.as_secs(), deciding.entropy);
    Ok(TokenPlan {
        id_token,
        refresh: (grant.generation > 0).then_some((grant.id, grant.generation)),
        ..plan
    })
}

/// The client's own lifetime, never longer than the policy's.
/// What of a granted scope the client is still registered for. A right that an administrator took
/// back is in no later token, whatever the person granted before.
fn still_registered(scope: &Scope, client: &Client) -> Scope {
    let mut kept = scope.as_slice().to_vec();
    kept.retain(|name| client.scopes.contains(name));
    Scope::of(&kept)
}

fn access_lifetime(client: &Client, policy: &crate::policy::Policy) -> std::time::Duration {
    let own = client
        .access_token_seconds
        .map(|s| std::time::Duration::from_secs(s.into()));
    own.map_or(policy.lifetimes.access_token, |own| {
        own.min(policy.lifetimes.access_token)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::sample::parameters;

    fn parse(body: &[(&str, &str)]) -> Result<TokenRequest, Reason> {
        TokenRequest::parse(&parameters(body)).map_err(|refusal| refusal.reason)
    }

    #[test]
    fn each_rule_of_the_body_has_its_refusal() {
        let password = [
            ("grant_type", "password"),
            ("username", "an"),
            ("password", "x"),
        ];
        for (body, expected) in [
            (&[][..], Reason::ParameterMissing),
            (
                &[("grant_type", "authorization_code")],
                Reason::ParameterMissing,
            ),
            (&[("grant_type", "refresh_token")], Reason::ParameterMissing),
            (&password, Reason::GrantTypeUnsupported),
            (
                &[("grant_type", "client_credentials"), ("scope", "\u{1}")],
                Reason::ScopeMalformed,
            ),
        ] {
            assert_eq!(parse(body).unwrap_err(), expected, "{body:?}");
        }
    }

    #[test]
    fn a_client_uses_the_grant_types_it_is_registered_for() {
        use GrantType::{AuthorizationCode, ClientCredentials, RefreshToken};
        for registered in [
            &[AuthorizationCode, RefreshToken][..],
            &[AuthorizationCode],
            &[ClientCredentials],
            &[],
        ] {
            let mut client = crate::oauth::sample::web();
            client.grant_types = registered.to_vec();
            for name in ["authorization_code", "refresh_token", "client_credentials"] {
                let body = [("grant_type", name), ("code", "c"), ("refresh_token", "r")];
                let request = parse(&body).unwrap();
                let expected = if registered.contains(&request.grant_type()) {
                    Ok(())
                } else {
                    Err(Reason::GrantTypeNotAllowed)
                };
                assert_eq!(request.check_allowed(&client), expected, "{name}");
            }
        }
    }

    #[test]
    fn a_body_says_which_grant_is_meant() {
        for (name, grant_type) in [
            ("authorization_code", GrantType::AuthorizationCode),
            ("refresh_token", GrantType::RefreshToken),
            ("client_credentials", GrantType::ClientCredentials),
        ] {
            let body = [("grant_type", name), ("code", "c"), ("refresh_token", "r")];
            assert_eq!(parse(&body).unwrap().grant_type(), grant_type);
        }
    }

    #[test]
    fn a_client_shortens_access_tokens_and_never_lengthens_them() {
        let policy = crate::oauth::sample::policy();
        for (own, seconds) in [(None, 600), (Some(60), 60), (Some(6000), 600)] {
            let mut client = crate::oauth::sample::web();
            client.access_token_seconds = own;
            assert_eq!(
                access_lifetime(&client, &policy).as_secs(),
                seconds,
                "{own:?}"
            );
        }
    }
}
