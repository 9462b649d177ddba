//! Paths, as templates in the one notation that OpenAPI and the router share (`{unit}`).

/// Units.
pub const UNITS: &str = "/admin/v1/units";
/// A unit, by id or code.
pub const UNIT: &str = "/admin/v1/units/{unit}";
/// Takes a unit out of use.
pub const UNIT_DISABLE: &str = "/admin/v1/units/{unit}/disable";
/// Takes a unit back into use.
pub const UNIT_ENABLE: &str = "/admin/v1/units/{unit}/enable";

/// Users.
pub const USERS: &str = "/admin/v1/users";
/// A user, by id or user name.
pub const USER: &str = "/admin/v1/users/{user}";
/// Takes an account out of use and ends its sessions.
pub const USER_DISABLE: &str = "/admin/v1/users/{user}/disable";
/// Takes an account back into use.
pub const USER_ENABLE: &str = "/admin/v1/users/{user}/enable";
/// Makes a new activation link and ends the account's sessions.
pub const USER_RESET: &str = "/admin/v1/users/{user}/reset";
/// Ends all sessions of a user.
pub const USER_END_SESSIONS: &str = "/admin/v1/users/{user}/end-sessions";
/// A user's positions.
pub const USER_POSITIONS: &str = "/admin/v1/users/{user}/positions";
/// A position, by its id.
pub const USER_POSITION: &str = "/admin/v1/users/{user}/positions/{position}";
/// A user's roles.
pub const USER_ROLES: &str = "/admin/v1/users/{user}/roles";
/// A role that a user holds, by the role's name.
pub const USER_ROLE: &str = "/admin/v1/users/{user}/roles/{role}";
/// The certificates of a user.
pub const USER_CERTIFICATES: &str = "/admin/v1/users/{user}/certificates";
/// A certificate of a user, by its id here.
pub const USER_CERTIFICATE: &str = "/admin/v1/users/{user}/certificates/{certificate}";
/// Imports of users.
pub const USER_IMPORTS: &str = "/admin/v1/user-imports";

/// Roles.
pub const ROLES: &str = "/admin/v1/roles";
/// A role, by name.
pub const ROLE: &str = "/admin/v1/roles/{role}";

/// Tokens by which clients register themselves.
pub const REGISTRATION_TOKENS: &str = "/admin/v1/registration-tokens";
/// Such a token, by id.
pub const REGISTRATION_TOKEN: &str = "/admin/v1/registration-tokens/{token}";

/// Clients.
pub const CLIENTS: &str = "/admin/v1/clients";
/// A client, by `client_id`.
pub const CLIENT: &str = "/admin/v1/clients/{client}";
/// Takes a client out of use.
pub const CLIENT_DISABLE: &str = "/admin/v1/clients/{client}/disable";
/// Takes a client back into use.
pub const CLIENT_ENABLE: &str = "/admin/v1/clients/{client}/enable";
/// Makes a new client secret.
pub const CLIENT_ROTATE_SECRET: &str = "/admin/v1/clients/{client}/rotate-secret";

/// Trusted authorities.
pub const TRUST_ANCHORS: &str = "/admin/v1/trust";
/// A trusted authority, by name.
pub const TRUST_ANCHOR: &str = "/admin/v1/trust/{anchor}";
/// Changes its rules.
pub const TRUST_ANCHOR_EDIT: &str = "/admin/v1/trust/{anchor}/edit";
/// Withdraws trust.
pub const TRUST_ANCHOR_DISTRUST: &str = "/admin/v1/trust/{anchor}/distrust";

/// Tells what a certificate, or a signature, is worth.
pub const CERTIFICATE_VERIFY: &str = "/admin/v1/certificates/verify";

/// Keys.
pub const KEYS: &str = "/admin/v1/keys";
/// A key, by `kid`.
pub const KEY: &str = "/admin/v1/keys/{kid}";
/// Makes a key that takes over.
pub const KEY_ROTATIONS: &str = "/admin/v1/key-rotations";

/// Sessions.
pub const SESSIONS: &str = "/admin/v1/sessions";
/// A session.
pub const SESSION: &str = "/admin/v1/sessions/{session}";
/// Ends a session.
pub const SESSION_END: &str = "/admin/v1/sessions/{session}/end";

/// Audit events.
pub const AUDIT_EVENTS: &str = "/admin/v1/audit/events";
/// Verifies the audit chain.
pub const AUDIT_VERIFY: &str = "/admin/v1/audit/verify";
/// What is posted and changes nothing.
pub const READS: [&str; 2] = [AUDIT_VERIFY, CERTIFICATE_VERIFY];
/// Copies of audit blocks.
pub const AUDIT_EXPORT: &str = "/admin/v1/audit/export";

/// Deliveries.
pub const OUTBOX: &str = "/admin/v1/outbox";
/// A delivery.
pub const DELIVERY: &str = "/admin/v1/outbox/{delivery}";
/// Tries a delivery at once.
pub const DELIVERY_RETRY: &str = "/admin/v1/outbox/{delivery}/retry";

/// Change sets.
pub const CHANGE_SETS: &str = "/admin/v1/change-sets";
/// A change set.
pub const CHANGE_SET: &str = "/admin/v1/change-sets/{change_set}";
/// What a change set touched.
pub const CHANGE_SET_ENTRIES: &str = "/admin/v1/change-sets/{change_set}/entries";
/// Undoes a change set.
pub const CHANGE_SET_UNDO: &str = "/admin/v1/change-sets/{change_set}/undo";

/// In what this node's configuration differs from what the nodes agreed on.
pub const NODE_CONFIGURATION: &str = "/admin/v1/node/configuration";
/// Makes this node's configuration the one that counts.
pub const NODE_CONFIGURATION_AGREE: &str = "/admin/v1/node/configuration/agree";

/// This description.
pub const OPENAPI: &str = "/admin/v1/openapi.json";

/// A template with its variables replaced in order, each value percent-encoded as one segment
/// (RFC 3986 §3.3), so that no value can reach another path. Surplus values are left out, missing
/// ones leave their variable standing.
pub fn fill(template: &str, values: &[&str]) -> String {
    let mut path = String::with_capacity(template.len() + 32);
    let mut values = values.iter();
    for (place, segment) in template.split('/').enumerate() {
        if place > 0 {
            path.push('/');
        }
        match values.next_if_variable(segment) {
            Some(value) => encode(value, &mut path),
            None => path.push_str(segment),
        }
    }
    path
}

/// Takes the next value only where a variable stands.
trait NextIfVariable<'a> {
    fn next_if_variable(&mut self, segment: &str) -> Option<&'a str>;
}

impl<'a> NextIfVariable<'a> for std::slice::Iter<'a, &'a str> {
    fn next_if_variable(&mut self, segment: &str) -> Option<&'a str> {
        segment
            .starts_with('{')
            .then(|| self.next().copied())
            .flatten()
    }
}

/// The names of a template's variables.
pub fn variables(template: &str) -> impl Iterator<Item = &str> {
    template
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

fn encode(value: &str, into: &mut String) {
    // `.` and `..` alone are removed by URL libraries even when they stand for themselves.
    let dots = !value.is_empty() && value.bytes().all(|b| b == b'.');
    for byte in value.bytes() {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~');
        if plain || (byte == b'.' && !dots) {
            into.push(char::from(byte));
        } else {
            into.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_inside_their_segment() {
        for (value, path) in [
            ("an.nv", "/admin/v1/users/an.nv"),
            ("../keys", "/admin/v1/users/..%2Fkeys"),
            ("..", "/admin/v1/users/%2E%2E"),
            ("a?b#c d", "/admin/v1/users/a%3Fb%23c%20d"),
            ("ánh", "/admin/v1/users/%C3%A1nh"),
        ] {
            assert_eq!(fill(USER, &[value]), path);
        }
        assert_eq!(
            fill(USER_POSITION, &["an", "{x}"]),
            "/admin/v1/users/an/positions/%7Bx%7D"
        );
    }

    #[test]
    fn variables_are_named_in_order() {
        assert_eq!(
            variables(USER_POSITION).collect::<Vec<_>>(),
            ["user", "position"]
        );
    }
}
