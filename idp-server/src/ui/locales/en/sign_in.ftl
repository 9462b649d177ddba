sign-in-title = Sign in
sign-in-continue = to continue to { $application }
sign-in-device = to connect your device
sign-in-again = The application asks you to confirm with your password.
sign-in-user-name = User name, email or personal identification number
sign-in-password = Password
sign-in-submit = Sign in
sign-in-forgotten = Forgotten your password?
sign-in-care = Never tell anybody your password, not even support staff.
sign-in-wrong-heading = We could not sign you in
sign-in-wrong = The user name or the password is wrong. Check your keyboard layout and the Caps Lock key, then try again.
sign-in-throttled-heading = Sign-in is paused
sign-in-throttled = There were too many wrong attempts. Please try again in { $minutes ->
        [one] 1 minute.
       *[other] { $minutes } minutes.
    }
sign-in-busy-heading = The system is busy
sign-in-busy = Many people are signing in right now. Please try again in { $seconds ->
        [one] 1 second.
       *[other] { $seconds } seconds.
    }
