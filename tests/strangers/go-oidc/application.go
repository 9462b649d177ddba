// A relying party on go-oidc and oauth2: sign-in by code with PKCE, validated claims, sign-out in
// both directions. Kept to what Go 1.19 knows, the version of Debian 12.
package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// session is one browser's: a sign-in under way, or a person.
type session struct {
	state, nonce, verifier string
	subject, sid, idToken  string
	name                   string
}

type application struct {
	issuer, cookie string
	provider       *oidc.Provider
	client         oauth2.Config
	verifier       *oidc.IDTokenVerifier
	lock           sync.Mutex
	sessions       map[string]*session
}

func random() string {
	bytes := make([]byte, 32)
	if _, err := rand.Read(bytes); err != nil {
		log.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(bytes)
}

func (a *application) find(r *http.Request) (*session, string) {
	cookie, err := r.Cookie(a.cookie)
	if err != nil {
		return nil, ""
	}
	a.lock.Lock()
	defer a.lock.Unlock()
	return a.sessions[cookie.Value], cookie.Value
}

func (a *application) keep(w http.ResponseWriter, s *session) {
	key := random()
	a.lock.Lock()
	a.sessions[key] = s
	a.lock.Unlock()
	http.SetCookie(w, &http.Cookie{Name: a.cookie, Value: key, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func (a *application) drop(key string) {
	a.lock.Lock()
	delete(a.sessions, key)
	a.lock.Unlock()
}

func (a *application) home(w http.ResponseWriter, r *http.Request) {
	if s, _ := a.find(r); s != nil && s.subject != "" {
		w.Header().Set("claim-sub", s.subject)
		fmt.Fprintln(w, s.name)
		return
	}
	s := &session{state: random(), nonce: random(), verifier: oauth2.GenerateVerifier()}
	a.keep(w, s)
	address := a.client.AuthCodeURL(s.state, oidc.Nonce(s.nonce), oauth2.S256ChallengeOption(s.verifier))
	http.Redirect(w, r, address, http.StatusSeeOther)
}

func (a *application) callback(w http.ResponseWriter, r *http.Request) {
	begun, key := a.find(r)
	query := r.URL.Query()
	if begun == nil || query.Get("state") != begun.state || query.Get("iss") != a.issuer {
		http.Error(w, "this sign-in was not begun here", http.StatusBadRequest)
		return
	}
	a.drop(key)
	signedIn, err := a.finish(r.Context(), begun, query.Get("code"))
	if err != nil {
		log.Print(err)
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	a.keep(w, signedIn)
	http.Redirect(w, r, "/stranger/", http.StatusSeeOther)
}

func (a *application) finish(ctx context.Context, begun *session, code string) (*session, error) {
	token, err := a.client.Exchange(ctx, code, oauth2.VerifierOption(begun.verifier))
	if err != nil {
		return nil, err
	}
	raw, _ := token.Extra("id_token").(string)
	idToken, err := a.verifier.Verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	if idToken.Nonce != begun.nonce {
		return nil, fmt.Errorf("another nonce")
	}
	if err := idToken.VerifyAccessToken(token.AccessToken); err != nil {
		return nil, err
	}
	about, err := a.provider.UserInfo(ctx, a.client.TokenSource(ctx, token))
	if err != nil {
		return nil, err
	}
	if about.Subject != idToken.Subject {
		return nil, fmt.Errorf("userinfo is about somebody else")
	}
	var told struct {
		Sid string `json:"sid"`
	}
	if err := idToken.Claims(&told); err != nil {
		return nil, err
	}
	var profile struct {
		Name string `json:"name"`
	}
	err = about.Claims(&profile)
	return &session{subject: idToken.Subject, sid: told.Sid, idToken: raw, name: profile.Name}, err
}

func (a *application) signOut(w http.ResponseWriter, r *http.Request) {
	s, key := a.find(r)
	a.drop(key)
	var metadata struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := a.provider.Claims(&metadata); err != nil || s == nil {
		http.Error(w, "nobody is signed in", http.StatusBadRequest)
		return
	}
	query := url.Values{"id_token_hint": {s.idToken}, "client_id": {a.client.ClientID}}
	http.Redirect(w, r, metadata.EndSession+"?"+query.Encode(), http.StatusSeeOther)
}

func (a *application) told(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("cache-control", "no-store")
	token, err := a.verifier.Verify(r.Context(), r.PostFormValue("logout_token"))
	var told struct {
		Sid    string         `json:"sid"`
		Events map[string]any `json:"events"`
	}
	if err == nil {
		err = token.Claims(&told)
	}
	if _, is := told.Events[logoutEvent]; err != nil || !is || token.Nonce != "" || told.Sid == "" {
		log.Print("logout token: ", err)
		http.Error(w, "not a logout token", http.StatusBadRequest)
		return
	}
	a.lock.Lock()
	defer a.lock.Unlock()
	for key, s := range a.sessions {
		if s.sid == told.Sid {
			delete(a.sessions, key)
		}
	}
}

func main() {
	issuer, redirect, port := os.Getenv("ISSUER"), os.Getenv("REDIRECT_URI"), os.Getenv("PORT")
	ctx := oidc.ClientContext(context.Background(), &http.Client{Timeout: 10 * time.Second})
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		log.Fatal(err)
	}
	callback, err := url.Parse(redirect)
	if err != nil {
		log.Fatal(err)
	}
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	a := &application{
		issuer:   issuer,
		cookie:   "go-oidc-" + port,
		provider: provider,
		client: oauth2.Config{
			ClientID:     os.Getenv("CLIENT_ID"),
			ClientSecret: os.Getenv("CLIENT_SECRET"),
			Endpoint:     endpoint,
			RedirectURL:  redirect,
			Scopes:       []string{oidc.ScopeOpenID, "profile"},
		},
		verifier: provider.Verifier(&oidc.Config{ClientID: os.Getenv("CLIENT_ID")}),
		sessions: map[string]*session{},
	}
	http.HandleFunc("/stranger/", a.home)
	http.HandleFunc("/stranger/sign-out", a.signOut)
	http.HandleFunc("/stranger/told", a.told)
	http.HandleFunc(callback.Path, a.callback)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, nil))
}
