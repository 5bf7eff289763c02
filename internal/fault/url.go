package fault

import (
	"errors"
	"net/url"
)

// WithoutURL returns the cause of a request's error without the address, whose query
// may hold a secret. It returns other errors as they are.
func WithoutURL(err error) error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		return u.Err
	}
	return err
}
