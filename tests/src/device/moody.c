/* A PKCS#11 module before SoftHSM that can be told to fail as real devices do. The file "mood" in
 * $MOODY says how: "freeze" lets a signature wait until the mood changes, "gone" answers as if the
 * token were pulled out, "lost" closes one session under its user. Every login is counted in the
 * file "logins". Only the order of the function list matters here (PKCS#11 2.40, section 4.5). */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long word;
typedef word (*function)();
struct list {
    unsigned char major, minor;
    function of[68];
};
enum { LIST = 3, SLOTS = 4, OPEN = 12, LOGIN = 18, SIGN = 43 };
enum { SESSION_HANDLE_INVALID = 0xb3, DEVICE_REMOVED = 0x32 };

static struct list ours, *real;

static char *beside(const char *name, char *path, size_t size) {
    snprintf(path, size, "%s/%s", getenv("MOODY"), name);
    return path;
}

static int in_mood(const char *wanted) {
    char path[512], mood[16] = "";
    FILE *file = fopen(beside("mood", path, sizeof path), "r");
    if (file == NULL) return 0;
    if (fgets(mood, sizeof mood, file) == NULL) mood[0] = 0;
    fclose(file);
    return strcmp(mood, wanted) == 0;
}

static word slots(unsigned char present, word *slots, word *count) {
    if (in_mood("gone")) {
        *count = 0;
        return 0;
    }
    return real->of[SLOTS](present, slots, count);
}

static word open_session(word slot, word flags, void *use, void *notify, word *session) {
    if (in_mood("gone")) return DEVICE_REMOVED;
    return real->of[OPEN](slot, flags, use, notify, session);
}

static word login(word session, word user, unsigned char *pin, word length) {
    char path[512];
    FILE *file = fopen(beside("logins", path, sizeof path), "a");
    if (file != NULL) {
        fputs("login\n", file);
        fclose(file);
    }
    return real->of[LOGIN](session, user, pin, length);
}

static word sign(word session, void *data, word length, void *signature, word *signature_length) {
    char path[512];
    while (in_mood("freeze")) usleep(20000);
    if (in_mood("gone")) return DEVICE_REMOVED;
    if (in_mood("lost")) {
        remove(beside("mood", path, sizeof path));
        return SESSION_HANDLE_INVALID;
    }
    return real->of[SIGN](session, data, length, signature, signature_length);
}

word C_GetFunctionList(struct list **answer) {
    void *module = dlopen(SOFTHSM, RTLD_NOW);
    function list = module == NULL ? NULL : (function)dlsym(module, "C_GetFunctionList");
    if (list == NULL) return 5;
    word failed = list(&real);
    if (failed) return failed;
    ours = *real;
    ours.of[LIST] = (function)C_GetFunctionList;
    ours.of[SLOTS] = (function)slots;
    ours.of[OPEN] = (function)open_session;
    ours.of[LOGIN] = (function)login;
    ours.of[SIGN] = (function)sign;
    *answer = &ours;
    return 0;
}
