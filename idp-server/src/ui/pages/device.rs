//! The pages of the device authorization grant (RFC 8628 §3.3): type the code, confirm it, done.

use super::consent::{ClientCard, RequestedDetail, RequestedScope};
use super::{FormTarget, page};
use crate::ui::local_time::ShownTime;
use crate::ui::shell::Shell;

/// Asks for the code on the device's screen. Fields: `csrf`, `user_code`.
#[derive(Clone, Debug)]
pub struct DeviceCodePage {
    /// Where the form goes.
    pub form: FormTarget,
    /// What stands in the field already: of the address, or what was typed last.
    pub user_code: String,
    /// Why the last code was not taken.
    pub refusal: Option<DeviceCodeRefusal>,
}

/// Why a code was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceCodeRefusal {
    /// It leads nowhere.
    Unknown,
    /// Too many were tried.
    Throttled {
        /// Minutes to wait.
        minutes: u32,
    },
}

impl DeviceCodeRefusal {
    fn heading(self, shell: &Shell<'_>) -> String {
        match self {
            Self::Unknown => shell.say("device-unknown-heading"),
            Self::Throttled { .. } => shell.say("device-throttled-heading"),
        }
    }

    fn advice(self, shell: &Shell<'_>) -> String {
        match self {
            Self::Unknown => shell.say("device-unknown"),
            Self::Throttled { minutes } => shell.count("device-throttled", "minutes", minutes),
        }
    }
}

impl DeviceCodePage {
    fn field_is_wrong(&self) -> bool {
        self.refusal == Some(DeviceCodeRefusal::Unknown)
    }
}

/// Shows which application asks, from where and since when, and takes the answer. Fields: `csrf`,
/// `user_code`, `person`, and `decision` with the value `approve` or `refuse`.
#[derive(Clone, Debug)]
pub struct ConfirmDevicePage {
    /// Where the form goes.
    pub form: FormTarget,
    /// The code, to be compared with the device's screen.
    pub user_code: String,
    /// Who asks.
    pub client: ClientCard,
    /// What is asked for.
    pub scopes: Vec<RequestedScope>,
    /// What exactly.
    pub details: Vec<RequestedDetail>,
    /// The person's name.
    pub person: String,
    /// To whom the page is shown, as the hidden field `person` says it.
    pub shown_to: String,
    /// The network that the device asked from.
    pub network: String,
    /// Whether this browser is in the same network.
    pub same_network: bool,
    /// When the device asked.
    pub asked_at: Option<chrono::DateTime<chrono::Utc>>,
}

impl ConfirmDevicePage {
    fn shown_time(&self) -> Option<ShownTime> {
        self.asked_at.map(ShownTime::from)
    }
}

/// The answer was recorded.
#[derive(Clone, Debug)]
pub struct DeviceDonePage {
    /// Whether the device was let in.
    pub approved: bool,
    /// The application.
    pub application: String,
    /// Where the person's own page is.
    pub home_path: String,
}

page!(DeviceCodePage, "device_code.html");
page!(ConfirmDevicePage, "confirm_device.html");
page!(DeviceDonePage, "device_done.html");
