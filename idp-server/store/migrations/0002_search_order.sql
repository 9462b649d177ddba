-- Words carry the order of the listing and all words of their account, so that a search for
-- frequent words reads one stretch of this table in order and stops when the page is full,
-- without touching an account that is not shown.

UPDATE users SET search = search || ' ';

CREATE TABLE user_words_ordered (
    word TEXT NOT NULL, sort_key TEXT NOT NULL, user_id TEXT NOT NULL, search TEXT NOT NULL,
    PRIMARY KEY (word, sort_key, user_id)
){clustered};
INSERT INTO user_words_ordered (word, sort_key, user_id, search)
    SELECT w.word, u.sort_key, w.user_id, u.search FROM user_words w
    JOIN users u ON u.id = w.user_id ORDER BY w.word, u.sort_key, w.user_id;
DROP TABLE user_words;
ALTER TABLE user_words_ordered RENAME TO user_words;
CREATE INDEX user_words_user ON user_words (user_id);
