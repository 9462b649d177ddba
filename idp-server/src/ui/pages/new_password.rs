//! The page that sets a password: first activation, reset, compulsory and voluntary change.

use super::{FormTarget, page};
use crate::ui::shell::{Shell, TextKey};

/// Asks for a new password, twice. Fields: `csrf`, `token` or `pending`, `current_password` where
/// asked for, `new_password`, `repeat_password`.
#[derive(Clone, Debug)]
pub struct NewPasswordPage {
    /// Where the form goes.
    pub form: FormTarget,
    /// The one-time link's secret, sent back as the hidden field `token`.
    pub token: Option<String>,
    /// Identifier of the pending sign-in, sent back as the hidden field `pending`.
    pub pending: Option<String>,
    /// The user name of the account, shown and offered to password stores.
    pub user_name: String,
    /// Why a password is set.
    pub reason: NewPasswordReason,
    /// Whether the current password must be given too.
    pub asks_current: bool,
    /// The rules as the policy states them.
    pub rules: PasswordRules,
    /// Why the last attempt did not pass.
    pub refusal: Option<NewPasswordRefusal>,
}

/// Why a password is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewPasswordReason {
    /// The account is used for the first time.
    Activation,
    /// The old one was forgotten and an administrator handed over a link.
    Reset,
    /// The policy asks for a new one after sign-in.
    MustChange,
    /// The person wants a new one.
    Change,
}

/// The rules that the page states before anybody types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordRules {
    /// The least number of characters.
    pub min_length: u32,
    /// The greatest number of characters.
    pub max_length: u32,
    /// How many earlier passwords are barred; 0 bars none.
    pub recent_barred: u32,
}

/// Why a new password was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewPasswordRefusal {
    /// Shorter than the least length.
    TooShort,
    /// Longer than the greatest length.
    TooLong,
    /// In the list of common or leaked passwords.
    TooCommon,
    /// Holds the user name.
    ContainsUserName,
    /// The same as an earlier one.
    UsedBefore,
    /// The two new passwords are not the same.
    Differs,
    /// The current password is wrong.
    WrongCurrent,
}

/// A field of the form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Current,
    New,
    Repeat,
}

impl NewPasswordReason {
    fn title(self, shell: &Shell<'_>) -> String {
        shell.tell(match self {
            Self::Activation => TextKey("password-title-activation"),
            Self::Reset => TextKey("password-title-reset"),
            Self::MustChange => TextKey("password-title-must-change"),
            Self::Change => TextKey("password-title-change"),
        })
    }

    fn lead(self, shell: &Shell<'_>) -> String {
        shell.tell(match self {
            Self::Activation => TextKey("password-lead-activation"),
            Self::Reset => TextKey("password-lead-reset"),
            Self::MustChange => TextKey("password-lead-must-change"),
            Self::Change => TextKey("password-lead-change"),
        })
    }
}

impl PasswordRules {
    /// The rules as sentences, the lengths first.
    fn sentences(&self, shell: &Shell<'_>) -> Vec<String> {
        let mut rules = vec![shell.count("password-rule-length", "least", self.min_length)];
        rules.push(shell.say("password-rule-user-name"));
        rules.push(shell.say("password-rule-common"));
        if self.recent_barred > 0 {
            rules.push(shell.count("password-rule-recent", "number", self.recent_barred));
        }
        rules
    }
}

impl NewPasswordRefusal {
    /// The field that has to change.
    fn field(self) -> Field {
        match self {
            Self::WrongCurrent => Field::Current,
            Self::Differs => Field::Repeat,
            Self::TooShort
            | Self::TooLong
            | Self::TooCommon
            | Self::ContainsUserName
            | Self::UsedBefore => Field::New,
        }
    }

    fn explanation(self, shell: &Shell<'_>, rules: &PasswordRules) -> String {
        match self {
            Self::TooShort => shell.count("password-too-short", "least", rules.min_length),
            Self::TooLong => shell.count("password-too-long", "most", rules.max_length),
            Self::TooCommon => shell.say("password-too-common"),
            Self::ContainsUserName => shell.say("password-contains-user-name"),
            Self::UsedBefore => shell.say("password-used-before"),
            Self::Differs => shell.say("password-differs"),
            Self::WrongCurrent => shell.say("password-wrong-current"),
        }
    }
}

impl NewPasswordPage {
    fn is_wrong(&self, field: Field) -> bool {
        self.refusal.is_some_and(|refusal| refusal.field() == field)
    }

    fn current_is_wrong(&self) -> bool {
        self.is_wrong(Field::Current)
    }

    fn new_is_wrong(&self) -> bool {
        self.is_wrong(Field::New)
    }

    fn repeat_is_wrong(&self) -> bool {
        self.is_wrong(Field::Repeat)
    }
}

page!(NewPasswordPage, "new_password.html");
