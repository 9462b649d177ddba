refused-unknown-client-title = This application is not registered
refused-unknown-client = The application that sent you here is not registered or no longer in use. Please tell those who run it.
refused-redirect-uri-title = The return address is not valid
refused-redirect-uri = The application asked to return to an address that is not registered. To protect you, the request was stopped here.
refused-malformed-title = The request is not valid
refused-malformed = The application sent a request that does not follow the rules. Please go back to the application and try again.
refused-expired-title = This page has expired
refused-expired = This page has expired or has been used already. Please go back to the application and start again.
refused-spent-title = This sign-in is over
refused-spent = This sign-in is finished, or was begun too long ago, so its address cannot be used again. If the application has let you in, there is nothing more to do. If not, please open the application again and sign in from there.
refused-application = Open { $application }
refused-cross-site-title = The request was blocked
refused-cross-site = The form was not sent from our own page, or your browser blocks cookies. Please open the page again and retry.
refused-not-found-title = Page not found
refused-not-found = There is nothing at this address. Please check the address.
refused-too-many-title = Too many requests
refused-too-many = Too many requests came from your network in a short time.
refused-unfinished-title = Too many unfinished sign-ins
refused-unfinished = Too many sign-ins were begun from your network and not finished. If you have a sign-in page open, finish there.
refused-busy-title = The system is busy
refused-busy = The system is serving very many people. Your data is not affected.
refused-internal-title = Something went wrong
refused-internal = Your request was not carried out. The fault has been recorded and will be looked at.
refused-wait = Please try again in { $seconds ->
        [one] 1 second.
       *[other] { $seconds } seconds.
    }
refused-reason = Reason (for technical staff)
refused-request = Request id
refused-time = Time
refused-quote = If you ask for help, please quote this id:
refused-home = To the home page
