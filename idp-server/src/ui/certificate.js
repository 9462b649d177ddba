// The buttons of agents, and the file that is read into the form. Without script, signing the file
// and pasting the answer still works.
(function () {
  "use strict";
  var form = document.getElementById("certificate-form");
  var status = document.getElementById("agent-status");
  var texts = status ? status.dataset : {};
  function say(text) { status.textContent = text; }
  function field(name) { return form.elements.namedItem(name); }
  function sign(button) {
    var challenge = { digest: button.dataset.digest, octets: button.dataset.octets };
    button.disabled = true;
    say(texts.waiting);
    agents[button.dataset.agent](challenge, function (problem, answer) {
      button.disabled = false;
      if (problem === "absent") { say(texts.absent); return; }
      if (problem) {
        var message = answer && typeof answer.message === "string" ? answer.message.slice(0, 200) : "";
        say(message ? texts.refused + " (" + message + ")" : texts.refused);
        return;
      }
      say(texts.sending);
      field("challenge").value = button.dataset.challenge;
      field("signature").value = answer.signature;
      field("certificate").value = answer.certificate;
      form.submit();
    });
  }
  Array.prototype.forEach.call(document.querySelectorAll("[data-agent]"), function (button) {
    if (!agents[button.dataset.agent]) { return; }
    button.hidden = false;
    button.addEventListener("click", function () { sign(button); });
  });
  var file = document.getElementById("signed-file");
  if (file) {
    file.parentElement.hidden = false;
    file.addEventListener("change", function () {
      if (!file.files.length || file.files[0].size > 32768) { return; }
      var reader = new FileReader();
      reader.onload = function () {
        var octets = new Uint8Array(reader.result);
        var text = "";
        octets.forEach(function (octet) { text += String.fromCharCode(octet); });
        field("signature").value = text.indexOf("-----BEGIN") === 0 ? text : btoa(text);
      };
      reader.readAsArrayBuffer(file.files[0]);
    });
  }
})();
