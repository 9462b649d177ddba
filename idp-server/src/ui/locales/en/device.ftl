device-title = Connect a device
device-lead = Enter the code that your device shows on its screen.
device-code = Code on the device
device-code-hint = 8 letters, such as BCDF-GHJK. Capital or small, with or without the hyphen.
device-continue = Continue
device-care = Enter only a code that you see on the device yourself, never one that somebody sent or read to you.
device-unknown-heading = This code does not work
device-unknown = It is mistyped, was used, or has expired. Compare it with the device and try again, or get a new code there.
device-throttled-heading = Entering codes is paused
device-throttled = There were too many wrong codes. Please try again in { $minutes ->
        [one] 1 minute.
       *[other] { $minutes } minutes.
    }
device-confirm-title = Let a device sign in
device-confirm-lead = { $client } on a device wants to sign in with your account.
device-compare = The device in front of you must be showing exactly this code:
device-warning-heading = Did you just start this yourself?
device-warning = If somebody sent you this code or link, refuse: agreeing gives your account to their device.
device-network = The device asked from the network
device-same-network = (the same as yours)
device-other-network = (another one than yours)
device-asked-at = At
device-person = You are signed in as
device-scopes = The device will learn
device-approve = It is my device, agree
device-refuse = Refuse
device-approved-title = The device is connected
device-approved-lead = { $client } will be signed in on the device in a few seconds.
device-refused-title = Refused
device-refused-lead = { $client } on that device got nothing.
device-done-note = You can close this page and go back to the device. What you allowed can be taken back on your account page at any time.
device-home = Account page
