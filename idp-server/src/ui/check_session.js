// The other half of oidc/session_state.rs: says whether the session behind a session_state is still
// the one of this browser (OpenID Connect Session Management 1.0, 3.2). It reads one cookie, answers
// whoever asks, and asks nobody. Plain enough for old browsers, and without the platform's own
// digests, which exist only where every enclosing page is on https.
(function () {
  "use strict";

  // The first 32 bits of the fractional parts of square and cube roots of primes (FIPS 180-4, 4.2.2
  // and 5.3.3).
  var INITIAL = [], CONSTANTS = [];
  for (var number = 2; CONSTANTS.length < 64; number += 1) {
    var divisor = 2;
    while (number % divisor !== 0) { divisor += 1; }
    if (divisor === number) {
      if (INITIAL.length < 8) { INITIAL.push(fraction(Math.pow(number, 1 / 2))); }
      CONSTANTS.push(fraction(Math.pow(number, 1 / 3)));
    }
  }

  function fraction(value) {
    return ((value - Math.floor(value)) * 4294967296) | 0;
  }

  function turned(word, by) {
    return (word >>> by) | (word << (32 - by));
  }

  function hexadecimal(word) {
    return ("0000000" + (word >>> 0).toString(16)).slice(-8);
  }

  // One block of 16 words (FIPS 180-4, 6.2.2).
  function compressed(state, block) {
    var w = [], a = state.slice();
    for (var t = 0; t < 64; t += 1) {
      if (t < 16) {
        w[t] = block[t] | 0;
      } else {
        var x = w[t - 15], y = w[t - 2];
        w[t] = (w[t - 16] + (turned(x, 7) ^ turned(x, 18) ^ (x >>> 3)) +
          w[t - 7] + (turned(y, 17) ^ turned(y, 19) ^ (y >>> 10))) | 0;
      }
      var one = a[7] + (turned(a[4], 6) ^ turned(a[4], 11) ^ turned(a[4], 25)) +
        ((a[4] & a[5]) ^ (~a[4] & a[6])) + CONSTANTS[t] + w[t];
      var two = (turned(a[0], 2) ^ turned(a[0], 13) ^ turned(a[0], 22)) +
        ((a[0] & a[1]) ^ (a[0] & a[2]) ^ (a[1] & a[2]));
      a = [(one + two) | 0, a[0], a[1], a[2], (a[3] + one) | 0, a[4], a[5], a[6]];
    }
    return state.map(function (word, place) { return (word + a[place]) | 0; });
  }

  // SHA-256 of a text of ASCII letters, in hexadecimal.
  function sha256(text) {
    var length = (((text.length + 8) >> 6) + 1) * 16, words = [];
    for (var place = 0; place < length; place += 1) { words.push(0); }
    for (var letter = 0; letter <= text.length; letter += 1) {
      var code = letter < text.length ? text.charCodeAt(letter) : 0x80;
      words[letter >> 2] |= code << (24 - (letter % 4) * 8);
    }
    words[length - 1] = text.length * 8;
    var state = INITIAL;
    for (var begin = 0; begin < length; begin += 16) {
      state = compressed(state, words.slice(begin, begin + 16));
    }
    return state.map(hexadecimal).join("");
  }

  // Empty where nobody is signed in, or the browser keeps cookies from framed pages.
  function browserState() {
    var name = location.protocol === "https:" ? "__Host-idp-state=" : "idp-state=";
    var pairs = document.cookie.split("; ");
    for (var place = 0; place < pairs.length; place += 1) {
      if (pairs[place].indexOf(name) === 0) { return pairs[place].slice(name.length); }
    }
    return "";
  }

  // The message is "client_id session_state"; anything else is an error, never a change.
  function verdict(message, origin) {
    var parts = /^([\x21-\x7e]{1,128}) ([0-9a-f]{64})\.([A-Za-z0-9_-]{1,64})$/.exec(message);
    if (typeof message !== "string" || parts === null) { return "error"; }
    var state = sha256([parts[1], origin, browserState(), parts[3]].join(" "));
    return state === parts[2] ? "unchanged" : "changed";
  }

  window.addEventListener("message", function (event) {
    // A sandboxed page has no origin that an answer could be addressed to.
    if (event.source === null || !/^https?:\/\//.test(event.origin)) { return; }
    event.source.postMessage(verdict(event.data, event.origin), event.origin);
  });
}());
