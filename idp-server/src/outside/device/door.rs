//! The way into a token: its module, its label, its PIN.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, SessionState, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::AuthPin;
use idp_core::base::fault::Fault;
use idp_core::base::secret::SecretText;
use idp_core::ports::Obstacle;

use super::trouble::{Trouble, is_refused_pin};
use crate::outside::master_key::own_uid;

/// After a session that could not be opened the next one is tried after this, then after twice as
/// long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Opens sessions, one at a time, that are logged in.
pub(super) struct Door {
    module: Pkcs11,
    label: String,
    pin: AuthPin,
    tries: Tries,
    state: Mutex<State>,
}

/// How far the PIN may be risked. A wrong one, tried at each start of a service that is started
/// again and again, would lock the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tries {
    /// Not at all when the token says that a wrong PIN was tried since the last right one.
    None,
    /// While the token has more than one try left: somebody stands before it.
    AllButLast,
}

#[derive(Default)]
struct State {
    /// The PIN was right in this process.
    entered: bool,
    /// It was refused: the door stays shut in this process.
    refused: Option<Trouble>,
    pause: Option<Pause>,
}

struct Pause {
    until: Instant,
    length: Duration,
    why: Trouble,
}

impl Door {
    /// Loads the module into this process, where it stays.
    ///
    /// # Errors
    /// A lasting fault: the file is missing, no module, or somebody else might write to it.
    pub(super) fn load(
        path: &Path,
        label: &str,
        pin: &SecretText,
        tries: Tries,
    ) -> Result<Self, Fault> {
        let fault = |what: &dyn std::fmt::Display| {
            Fault::lasting("device", format!("module {}: {what}", path.display()))
        };
        let checked = check_owner(path).map_err(|what| fault(&what))?;
        let module = Pkcs11::new(checked).map_err(|e| fault(&e))?;
        let arguments = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
        match module.initialize(arguments) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(e) => return Err(fault(&e)),
        }
        Ok(Self {
            module,
            label: label.to_owned(),
            pin: AuthPin::from(pin.expose()),
            tries,
            state: Mutex::default(),
        })
    }

    /// A session that is logged in; `writes` when it is to make or destroy keys.
    ///
    /// # Errors
    /// [`Obstacle::PinRefused`], from the first refusal on without asking the token again;
    /// [`Obstacle::Absent`], for a while without trying.
    pub(super) fn session(&self, writes: bool) -> Result<Session, Trouble> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(refused) = &state.refused {
            return Err(refused.clone());
        }
        let now = Instant::now();
        if let Some(pause) = state.pause.as_ref().filter(|pause| now < pause.until) {
            return Err(pause.why.clone());
        }
        let opened = self.open(writes, state.entered);
        match &opened {
            Ok(_) => {
                state.entered = true;
                state.pause = None;
            }
            Err(trouble) if trouble.obstacle == Obstacle::PinRefused => {
                state.refused = Some(trouble.clone());
            }
            Err(trouble) => {
                let last = state.pause.as_ref().map(|pause| pause.length);
                let length = last.map_or(FIRST_PAUSE, |last| (last * 2).min(LONGEST_PAUSE));
                state.pause = Some(Pause {
                    until: now + length,
                    length,
                    why: trouble.clone(),
                });
            }
        }
        opened
    }

    fn open(&self, writes: bool, entered: bool) -> Result<Session, Trouble> {
        let absent = |e: Error| Trouble::absent(format!("token {}: {e}", self.label));
        let (slot, info) = self.slot()?;
        let session = if writes {
            self.module.open_rw_session(slot)
        } else {
            self.module.open_ro_session(slot)
        };
        let session = session.map_err(absent)?;
        // All sessions of a process are logged in together.
        let state = session.get_session_info().map_err(absent)?.session_state();
        if matches!(state, SessionState::RoUser | SessionState::RwUser) {
            return Ok(session);
        }
        self.check_tries(&info, entered)?;
        match session.login(UserType::User, Some(&self.pin)) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
            Err(e) if is_refused_pin(&e) => Err(self.refused(&e)),
            Err(e) => Err(absent(e)),
        }
    }

    /// The token of this label. Numbers of slots change when tokens come and go.
    fn slot(&self) -> Result<(Slot, TokenInfo), Trouble> {
        let slots = self.module.get_slots_with_token();
        let slots = slots.map_err(Trouble::absent)?;
        let mut named = slots.into_iter().filter_map(|slot| {
            let info = self.module.get_token_info(slot).ok()?;
            let ours = info.token_initialized() && info.label().trim_end() == self.label;
            ours.then_some((slot, info))
        });
        match (named.next(), named.next()) {
            (Some(found), None) => Ok(found),
            (Some(_), Some(_)) => Err(Trouble::absent(format!(
                "more than one token is called {}",
                self.label
            ))),
            (None, _) => Err(Trouble::absent(format!(
                "no token is called {}",
                self.label
            ))),
        }
    }

    /// Whether the PIN may be tried. One that was right in this process may be, unless the next
    /// wrong one would lock the token.
    fn check_tries(&self, info: &TokenInfo, entered: bool) -> Result<(), Trouble> {
        if info.user_pin_locked() {
            return Err(self.refused(&"it is locked; its security officer unlocks it"));
        }
        if info.user_pin_final_try() {
            let what = "one more wrong PIN would lock the token; log in once with another tool";
            return Err(self.refused(&what));
        }
        if info.user_pin_count_low() && self.tries == Tries::None && !entered {
            let what = "a wrong PIN was tried before; correct it, then run `idp doctor`, \
                        which tries it once";
            return Err(self.refused(&what));
        }
        Ok(())
    }

    fn refused(&self, what: &dyn std::fmt::Display) -> Trouble {
        let detail = format!("token {}: the PIN is not accepted: {what}", self.label);
        Trouble::new(Obstacle::PinRefused, detail)
    }
}

/// A module's code runs in this process with the PIN and with every key that rests in the store,
/// so nobody but root and the service's user may be able to change it or put another in its place.
/// Answers where it really is: links on the way are not followed a second time.
fn check_owner(path: &Path) -> Result<PathBuf, String> {
    let real = std::fs::canonicalize(path).map_err(|e| e.to_string())?;
    let metadata = std::fs::metadata(&real).map_err(|e| e.to_string())?;
    let own = own_uid().map_err(|e| e.to_string())?;
    if metadata.uid() != 0 && metadata.uid() != own {
        return Err(format!(
            "belongs to user {}, neither to the server's user nor to root",
            metadata.uid()
        ));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err("others may write to it; run chmod go-w on it".to_owned());
    }
    // In a folder with the sticky bit everybody removes only what is their own.
    let open = |folder: &&Path| {
        let Ok(metadata) = std::fs::metadata(folder) else {
            return true;
        };
        let foreign = metadata.uid() != 0 && metadata.uid() != own;
        foreign || metadata.mode() & 0o022 != 0 && metadata.mode() & 0o1000 == 0
    };
    if let Some(folder) = real.ancestors().skip(1).find(open) {
        return Err(format!("others may write to {}", folder.display()));
    }
    Ok(real)
}
