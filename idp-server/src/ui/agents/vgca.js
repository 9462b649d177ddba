// The government's signing agent ("VGCA Sign Service"): one request per socket. It shows its own
// window for the PIN, and answers with Status 0 and what was signed, or with another status.
agents.vgca = function (challenge, done) {
  var socket;
  var answered = false;
  function finish(problem, answer) {
    if (answered) { return; }
    answered = true;
    done(problem, answer);
    if (socket) { socket.close(); }
  }
  try {
    socket = new WebSocket("wss://127.0.0.1:8987/SignMsg");
  } catch (error) {
    finish("absent");
    return;
  }
  socket.onopen = function () {
    socket.send(JSON.stringify({ HashAlg: "SHA256", HashValue: challenge.digest, Encode: "RSA" }));
  };
  socket.onmessage = function (event) {
    var answer;
    try { answer = JSON.parse(event.data); } catch (error) { answer = {}; }
    if (answer.Status === 0 && answer.Signature && answer.CertBase64) {
      finish(null, { signature: answer.Signature, certificate: answer.CertBase64 });
    } else {
      finish("refused", { message: answer.Message || answer.message || answer.Error });
    }
  };
  socket.onerror = function () { finish("absent"); };
  socket.onclose = function () { finish("refused", {}); };
};
