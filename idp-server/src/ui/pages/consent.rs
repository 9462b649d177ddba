//! The page that asks whether an application may have the person's data.

use super::claim::RequestedClaim;
use super::{FormTarget, page};
use crate::ui::links::is_web_address;
use crate::ui::shell::{Shell, TextKey};

/// Shows what a client asks for and takes the answer. Fields: `csrf`, `pending`, `person`, and `decision`
/// with the value `approve` or `refuse`. Nothing is ticked beforehand: there is nothing to tick.
#[derive(Clone, Debug)]
pub struct ConsentPage {
    /// Where the form goes.
    pub form: FormTarget,
    /// Identifier of the pending sign-in, sent back as the hidden field `pending`.
    pub pending: String,
    /// Who asks.
    pub client: ClientCard,
    /// What is asked for, in the order shown. `openid` may be left out: it hands over nothing
    /// but the pairwise or public identifier, which the page states anyway.
    pub scopes: Vec<RequestedScope>,
    /// Which single claims beyond them.
    pub claims: Vec<RequestedClaim>,
    /// What exactly is asked for (RFC 9396), in the order sent.
    pub details: Vec<RequestedDetail>,
    /// The person's name as it would be handed over.
    pub person: String,
    /// To whom the page is shown, as the hidden field `person` says it.
    pub shown_to: String,
}

/// A client as its registration describes it (OpenID Connect Registration 2).
#[derive(Clone, Debug)]
pub struct ClientCard {
    /// `client_name`, unproved: the page shows where data goes beside it.
    pub name: String,
    /// Whether the application chose that name by itself and nobody checked it.
    pub unchecked: bool,
    /// Path of its picture on this server, which says no more than its name.
    pub logo: Option<String>,
    /// Host of the validated redirect URI, so that a borrowed name does not deceive.
    pub host: Option<String>,
    /// `policy_uri`; shown only if it is a web address.
    pub policy_uri: Option<String>,
    /// `tos_uri`; shown only if it is a web address.
    pub tos_uri: Option<String>,
}

/// One scope that is asked for.
#[derive(Clone, Debug)]
pub struct RequestedScope {
    /// The scope value.
    pub name: String,
    /// The operator's description in the page's language, for scopes that are not standard ones.
    pub description: Option<String>,
}

/// One object of `authorization_details`, in words.
#[derive(Clone, Debug)]
pub struct RequestedDetail {
    /// Its type.
    pub kind: String,
    /// The one thing that it is about.
    pub identifier: Option<String>,
    /// Where it counts.
    pub locations: Vec<String>,
    /// What may be done there.
    pub actions: Vec<String>,
    /// With what kinds of data.
    pub datatypes: Vec<String>,
    /// At which level of privilege.
    pub privileges: Vec<String>,
    /// Names of what the page cannot explain.
    pub others: Vec<String>,
}

/// What a page says of one scope.
pub(super) struct ScopeText {
    pub(super) title: String,
    pub(super) data: String,
    purpose: String,
}

/// Title, data and purpose of the scopes that the server itself defines.
fn standard(scope: &str) -> Option<[TextKey; 3]> {
    let keys = match scope {
        "openid" => [
            TextKey("scope-openid"),
            TextKey("scope-openid-data"),
            TextKey("scope-openid-purpose"),
        ],
        "profile" => [
            TextKey("scope-profile"),
            TextKey("scope-profile-data"),
            TextKey("scope-profile-purpose"),
        ],
        "email" => [
            TextKey("scope-email"),
            TextKey("scope-email-data"),
            TextKey("scope-email-purpose"),
        ],
        "phone" => [
            TextKey("scope-phone"),
            TextKey("scope-phone-data"),
            TextKey("scope-phone-purpose"),
        ],
        "address" => [
            TextKey("scope-address"),
            TextKey("scope-address-data"),
            TextKey("scope-address-purpose"),
        ],
        "roles" => [
            TextKey("scope-roles"),
            TextKey("scope-roles-data"),
            TextKey("scope-roles-purpose"),
        ],
        "unit" => [
            TextKey("scope-unit"),
            TextKey("scope-unit-data"),
            TextKey("scope-unit-purpose"),
        ],
        "positions" => [
            TextKey("scope-positions"),
            TextKey("scope-positions-data"),
            TextKey("scope-positions-purpose"),
        ],
        "unit_codes" => [
            TextKey("scope-unit-codes"),
            TextKey("scope-unit-codes-data"),
            TextKey("scope-unit-codes-purpose"),
        ],
        "offline_access" => [
            TextKey("scope-offline"),
            TextKey("scope-offline-data"),
            TextKey("scope-offline-purpose"),
        ],
        _ => return None,
    };
    Some(keys)
}

impl RequestedScope {
    pub(super) fn text(&self, shell: &Shell<'_>) -> ScopeText {
        if let Some([title, data, purpose]) = standard(&self.name) {
            return ScopeText {
                title: shell.tell(title),
                data: shell.tell(data),
                purpose: shell.tell(purpose),
            };
        }
        ScopeText {
            title: self.name.clone(),
            data: self
                .description
                .clone()
                .unwrap_or_else(|| shell.say("scope-other-data")),
            purpose: shell.say("scope-other-purpose"),
        }
    }
}

impl ConsentPage {
    fn shown_claims(&self, shell: &Shell<'_>) -> String {
        let texts: Vec<String> = self.claims.iter().map(|claim| claim.text(shell)).collect();
        texts.join(", ")
    }
}

impl ClientCard {
    fn policy_link(&self) -> Option<&str> {
        self.policy_uri.as_deref().filter(|uri| is_web_address(uri))
    }

    fn terms_link(&self) -> Option<&str> {
        self.tos_uri.as_deref().filter(|uri| is_web_address(uri))
    }
}

page!(ConsentPage, "consent.html");
