//! A real Chromium, driven through chromedriver.

mod accessibility;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};
use url::Url;

/// Longest wait for an element or an address.
const PATIENCE: Duration = Duration::from_secs(20);

/// One Chromium at a time: two cores do not hold more without false alarms.
static TURN: Mutex<()> = Mutex::const_new(());

/// Colours the person's system asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// A running Chromium with an empty profile.
pub struct Browser {
    /// The WebDriver client, for what this type does not wrap.
    pub driver: Client,
    address: String,
    _chromedriver: Chromedriver,
    _profile: tempfile::TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Browser {
    /// Starts a browser whose person reads `language` (`vi` or `en`).
    pub async fn start(language: &str) -> Self {
        let turn = TURN.lock().await;
        crate::agent::install_tls_provider();
        let profile = tempfile::tempdir().expect("a profile folder");
        let (chromedriver, port) = start_chromedriver();
        let address = format!("http://127.0.0.1:{port}");
        let mut capabilities = serde_json::Map::new();
        capabilities.insert(
            "goog:chromeOptions".to_owned(),
            json!({
                "args": arguments(profile.path()),
                "prefs": {"intl.accept_languages": language, "credentials_enable_service": false},
            }),
        );
        let driver = ClientBuilder::rustls()
            .expect("a TLS configuration")
            .capabilities(capabilities)
            .connect(&address)
            .await
            .expect("chromium starts");
        Self {
            driver,
            address,
            _chromedriver: chromedriver,
            _profile: profile,
            _turn: turn,
        }
    }

    /// Sets the size of the screen in CSS pixels.
    pub async fn screen(&self, width: u32, height: u32) {
        let mobile = width < 600;
        let parameters =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile});
        self.devtools("Emulation.setDeviceMetricsOverride", parameters)
            .await;
    }

    /// Sets the colours that the person's system asks for.
    pub async fn colours(&self, scheme: Scheme) {
        let value = if scheme == Scheme::Dark {
            "dark"
        } else {
            "light"
        };
        let features = json!([{"name": "prefers-color-scheme", "value": value}]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features}))
            .await;
    }

    /// Forgets all cookies of all hosts.
    pub async fn forget_cookies(&self) {
        self.devtools("Network.clearBrowserCookies", json!({}))
            .await;
    }

    /// Runs one command of the DevTools protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let session = self
            .driver
            .session_id()
            .await
            .expect("a session")
            .expect("a session id");
        let address = format!("{}/session/{session}/goog/cdp/execute", self.address);
        let body = json!({"cmd": command, "params": parameters});
        let answer = crate::agent::http_client()
            .post(address)
            .json(&body)
            .send()
            .await;
        let answer = answer.expect("chromedriver answers");
        assert!(
            answer.status().is_success(),
            "{command}: {:?}",
            answer.text().await
        );
        answer.json::<Value>().await.expect("JSON")["value"].clone()
    }

    /// Opens an address.
    pub async fn open(&self, url: &Url) {
        self.driver
            .goto(url.as_str())
            .await
            .unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// The element with this id, waiting for it.
    pub async fn element(&self, id: &str) -> Element {
        let found = self
            .driver
            .wait()
            .at_most(PATIENCE)
            .for_element(Locator::Id(id))
            .await;
        match found {
            Ok(element) => element,
            Err(error) => panic!(
                "no #{id} at {}: {error}\n{}",
                self.url().await,
                self.text().await
            ),
        }
    }

    /// Waits until one of these ids is on the page and says which.
    pub async fn one_of<'a>(&self, ids: &[&'a str]) -> &'a str {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            for id in ids {
                if self.has(id).await {
                    return id;
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!(
            "none of {ids:?} at {}:\n{}",
            self.url().await,
            self.text().await
        );
    }

    /// True when an element with this id is on the page now.
    pub async fn has(&self, id: &str) -> bool {
        self.driver
            .find_all(Locator::Id(id))
            .await
            .is_ok_and(|found| !found.is_empty())
    }

    /// The trimmed text of the element with this id.
    pub async fn text_of(&self, id: &str) -> String {
        self.element(id)
            .await
            .text()
            .await
            .expect("text")
            .trim()
            .to_owned()
    }

    /// Clicks the element with this id.
    pub async fn click(&self, id: &str) {
        self.element(id)
            .await
            .click()
            .await
            .unwrap_or_else(|error| panic!("#{id}: {error}"));
    }

    /// Types into the field with this id, replacing what stands there.
    pub async fn type_into(&self, id: &str, text: &str) {
        let field = self.element(id).await;
        field.clear().await.expect("a field");
        field.send_keys(text).await.expect("a field");
    }

    /// Presses keys wherever the focus is.
    pub async fn press(&self, keys: &str) {
        let focused = self
            .driver
            .active_element()
            .await
            .expect("a focused element");
        focused.send_keys(keys).await.expect("keys");
    }

    /// The id of the focused element.
    pub async fn focus(&self) -> String {
        let focused = self
            .driver
            .active_element()
            .await
            .expect("a focused element");
        focused
            .attr("id")
            .await
            .expect("an attribute")
            .unwrap_or_default()
    }

    /// The present address.
    pub async fn url(&self) -> Url {
        self.driver.current_url().await.expect("an address")
    }

    /// All visible text of the page.
    pub async fn text(&self) -> String {
        let script = "return document.body ? document.body.innerText : ''";
        self.run(script)
            .await
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// The page's language attribute.
    pub async fn language(&self) -> String {
        let value = self.run("return document.documentElement.lang").await;
        value.as_str().unwrap_or_default().to_owned()
    }

    /// Runs a script and returns its value.
    pub async fn run(&self, script: &str) -> Value {
        self.driver
            .execute(script, Vec::new())
            .await
            .expect("a script")
    }

    /// Saves a picture of the whole page as `tests/output/<name>.png`.
    pub async fn picture(&self, name: &str) -> PathBuf {
        let metrics = self.devtools("Page.getLayoutMetrics", json!({})).await;
        let size = &metrics["cssContentSize"];
        let clip = json!({
            "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1,
        });
        let parameters = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let answer = self.devtools("Page.captureScreenshot", parameters).await;
        let picture = STANDARD
            .decode(answer["data"].as_str().expect("base64"))
            .expect("base64");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("output");
        std::fs::create_dir_all(&folder).expect("a folder for pictures");
        let path = folder.join(format!("{name}.png"));
        std::fs::write(&path, picture).expect("the picture is written");
        path
    }

    /// True when the page is wider than the screen, so that a person would have to push it sideways.
    pub async fn overflows(&self) -> bool {
        let script = "const e = document.documentElement; return e.scrollWidth > e.clientWidth + 1";
        self.run(script).await.as_bool().unwrap_or(true)
    }

    /// Ends the browser.
    pub async fn close(self) {
        let _ = self.driver.clone().close().await;
    }
}

/// Ended with its owner, also when the browser behind it never came up.
struct Chromedriver(Child);

impl Drop for Chromedriver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn arguments(profile: &Path) -> Vec<String> {
    let mut arguments: Vec<String> = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        "--window-size=1280,900",
    ]
    .map(str::to_owned)
    .into();
    arguments.push(format!("--user-data-dir={}", profile.display()));
    arguments
}

/// Starts chromedriver on a port of its choice and reads that port from its greeting.
fn start_chromedriver() -> (Chromedriver, u16) {
    let mut child = Command::new("chromedriver")
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver: install the Debian package chromium-driver");
    let lines = BufReader::new(child.stdout.take().expect("a piped stream")).lines();
    let chromedriver = Chromedriver(child);
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            // "Starting … on port 0" comes first, "… started successfully on port N." second.
            let port = line.split("successfully on port ").nth(1);
            if let Some(port) = port.and_then(|rest| rest.trim_end_matches('.').parse().ok()) {
                let _ = sender.send(port);
            }
        }
    });
    let port = receiver
        .recv_timeout(PATIENCE)
        .expect("chromedriver names its port");
    (chromedriver, port)
}
