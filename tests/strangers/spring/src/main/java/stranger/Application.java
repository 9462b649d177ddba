package stranger;

import static org.springframework.security.config.Customizer.withDefaults;

import jakarta.servlet.http.HttpServletResponse;
import java.net.URI;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.http.HttpMethod;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.oauth2.client.OidcBackChannelLogoutHandler;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.client.oidc.session.InMemoryOidcSessionRegistry;
import org.springframework.security.oauth2.client.oidc.session.OidcSessionRegistry;
import org.springframework.security.oauth2.client.oidc.web.logout.OidcClientInitiatedLogoutSuccessHandler;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.security.oauth2.client.web.DefaultOAuth2AuthorizationRequestResolver;
import org.springframework.security.oauth2.client.web.OAuth2AuthorizationRequestCustomizers;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.servlet.util.matcher.PathPatternRequestMatcher;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * A relying party on Spring Security: sign-in by code with PKCE, claims of the validated ID Token,
 * sign-out in both directions. Its client is registered for RS256, the only algorithm by which
 * Spring Security verifies logout tokens.
 */
@SpringBootApplication
@RestController
public class Application {
    public static void main(String[] arguments) {
        SpringApplication.run(Application.class, arguments);
    }

    @Bean
    OidcSessionRegistry oidcSessions() {
        return new InMemoryOidcSessionRegistry();
    }

    @Bean
    OidcBackChannelLogoutHandler logoutHandler(
            OidcSessionRegistry sessions, @Value("${server.servlet.session.cookie.name}") String cookie) {
        var handler = new OidcBackChannelLogoutHandler(sessions);
        handler.setSessionCookieName(cookie);
        return handler;
    }

    @Bean
    SecurityFilterChain security(
            HttpSecurity http, ClientRegistrationRepository clients, @Value("${REDIRECT_URI}") URI redirect)
            throws Exception {
        var requests = new DefaultOAuth2AuthorizationRequestResolver(clients, "/oauth2/authorization");
        requests.setAuthorizationRequestCustomizer(OAuth2AuthorizationRequestCustomizers.withPkce());
        var signOut = PathPatternRequestMatcher.withDefaults().matcher(HttpMethod.GET, "/stranger/sign-out");
        return http
            .authorizeHttpRequests(rules -> rules.anyRequest().authenticated())
            .oauth2Login(login -> login
                .loginProcessingUrl(redirect.getPath())
                .authorizationEndpoint(begin -> begin.authorizationRequestResolver(requests)))
            .logout(logout -> logout
                .logoutRequestMatcher(signOut)
                .logoutSuccessHandler(new OidcClientInitiatedLogoutSuccessHandler(clients)))
            .oidcLogout(logout -> logout.backChannel(withDefaults()))
            .build();
    }

    @GetMapping("/stranger/")
    String home(@AuthenticationPrincipal OidcUser person, HttpServletResponse response) {
        response.setHeader("claim-sub", person.getSubject());
        return person.getFullName();
    }
}
