package sqlstore

import (
	"context"

	"cloakroom/authserver/store"
)

const selectAccount = `SELECT workspace, subject, username, password_hash, claims, disabled, version, created, updated FROM accounts `

const selectConsent = `SELECT workspace, subject, client_id, scopes, given FROM consents `

// SaveAccount creates or replaces an account. A name that another account has breaks a unique key, which is ErrConflict.
func (s *Store) SaveAccount(ctx context.Context, account store.Account) error {
	query, args, err := saveAccount(account)
	if err != nil {
		return answer("encode claims", err)
	}
	return s.insert(ctx, "save account", query, args...)
}

func saveAccount(account store.Account) (query string, args []any, err error) {
	claims, err := encoded(account.Claims)
	if err != nil {
		return "", nil, err
	}
	query = `UPDATE accounts SET username = $3, password_hash = $4, claims = $5, disabled = $6, created = $7, updated = $8, version = version + 1
		WHERE workspace = $1 AND subject = $2 AND version = $9`
	if account.Version == 0 {
		query = `INSERT INTO accounts (workspace, subject, username, password_hash, claims, disabled, created, updated, version)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9 + 1)`
	}
	return query, []any{
		account.Workspace, account.Subject, account.Username, account.PasswordHash, claims,
		flag(account.Disabled), millis(account.Created), millis(account.Updated), account.Version,
	}, nil
}

// Account returns an account by its subject.
func (s *Store) Account(ctx context.Context, workspace, subject string) (store.Account, error) {
	account, err := scanAccount(s.row(ctx, selectAccount+`WHERE workspace = $1 AND subject = $2`, workspace, subject))
	return account, answer("load account", err)
}

// DeleteAccount deletes an account and what it has, and revokes its grants. The account's row goes first, so that nothing is given to the
// account meanwhile.
func (s *Store) DeleteAccount(ctx context.Context, workspace, subject string, version int64) error {
	return s.update(ctx, "delete account", func(ctx context.Context, tx *tx) error {
		deleted, err := tx.exec(ctx, `DELETE FROM accounts WHERE workspace = $1 AND subject = $2 AND version = $3`, workspace, subject, version)
		if err == nil && deleted == 0 {
			if _, err = scanAccount(tx.row(ctx, selectAccount+`WHERE workspace = $1 AND subject = $2`, workspace, subject)); err == nil {
				err = store.ErrConflict
			}
		}
		if err != nil {
			return err
		}
		for _, query := range []string{
			`DELETE FROM recovery_codes WHERE workspace = $1 AND subject = $2`,
			`DELETE FROM factors WHERE workspace = $1 AND subject = $2`,
			`DELETE FROM identities WHERE workspace = $1 AND account = $2`,
			`DELETE FROM consents WHERE workspace = $1 AND subject = $2`,
			`DELETE FROM sessions WHERE workspace = $1 AND subject = $2`,
		} {
			if _, err := tx.exec(ctx, query, workspace, subject); err != nil {
				return err
			}
		}
		_, err = tx.exec(ctx, revokeGrants+`workspace = $2 AND subject = $3 AND subject <> ''`, millis(s.now()), workspace, subject)
		return err
	})
}

// AccountByName returns an account by its canonical user name.
func (s *Store) AccountByName(ctx context.Context, workspace, username string) (store.Account, error) {
	account, err := scanAccount(s.row(ctx, selectAccount+`WHERE workspace = $1 AND username = $2`, workspace, username))
	return account, answer("load account by name", err)
}

func scanAccount(from row) (store.Account, error) {
	var account store.Account
	err := from.Scan(&account.Workspace, &account.Subject, &account.Username, &account.PasswordHash,
		decoded[map[string]any]{&account.Claims}, &account.Disabled, &account.Version, instant{&account.Created}, instant{&account.Updated})
	if err != nil {
		return store.Account{}, err
	}
	return account, nil
}

// SaveConsent keeps what a user consented to.
func (s *Store) SaveConsent(ctx context.Context, consent store.Consent) error {
	return s.insert(ctx, "save consent",
		`INSERT INTO consents (workspace, subject, client_id, scopes, given) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (workspace, subject, client_id) DO UPDATE SET scopes = excluded.scopes, given = excluded.given`,
		consent.Workspace, consent.Subject, consent.ClientID, consent.Scopes.String(), millis(consent.Given))
}

// Consent returns what a user consented to for a client.
func (s *Store) Consent(ctx context.Context, workspace, subject, clientID string) (store.Consent, error) {
	consent, err := scanConsent(s.row(ctx, selectConsent+`WHERE workspace = $1 AND subject = $2 AND client_id = $3`, workspace, subject, clientID))
	return consent, answer("load consent", err)
}

// Consents lists what a user consented to, newest first.
func (s *Store) Consents(ctx context.Context, workspace, subject string) ([]store.Consent, error) {
	consents, err := list(ctx, s, scanConsent, selectConsent+`WHERE workspace = $1 AND subject = $2 ORDER BY given DESC, client_id`, workspace, subject)
	return consents, answer("list consents", err)
}

func scanConsent(from row) (store.Consent, error) {
	var consent store.Consent
	err := from.Scan(&consent.Workspace, &consent.Subject, &consent.ClientID, scopes{&consent.Scopes}, instant{&consent.Given})
	if err != nil {
		return store.Consent{}, err
	}
	return consent, nil
}

// WithdrawConsent deletes a consent and revokes the user's grants to the client.
func (s *Store) WithdrawConsent(ctx context.Context, workspace, subject, clientID string) (grants []store.Grant, err error) {
	err = s.update(ctx, "withdraw consent", func(ctx context.Context, tx *tx) error {
		if _, err := tx.exec(ctx, `DELETE FROM consents WHERE workspace = $1 AND subject = $2 AND client_id = $3`, workspace, subject, clientID); err != nil {
			return err
		}
		tx.changed = true
		grants, err = list(ctx, tx, scanGrant, revokeGrants+`expires > $1 AND workspace = $2 AND subject = $3 AND subject <> '' AND client_id = $4
			RETURNING `+grantColumns, millis(s.now()), workspace, subject, clientID)
		return err
	})
	return grants, err
}
