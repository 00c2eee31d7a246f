package session

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	redisChannel  = redisPrefix + "notices"
	noticeVersion = "1"
	// pulse is how long nothing is heard before we ask whether anybody is there, and how long the answer may take: a connection that is
	// dead without saying so is found out within twice that.
	pulse = 500 * time.Millisecond
	// resubscribe is the pause before the next try.
	resubscribe = 200 * time.Millisecond
)

// Notify implements [Notices].
func (s *Redis) Notify(ctx context.Context, notice Notice) error {
	return s.client.Publish(ctx, redisChannel, notice.payload()).Err()
}

func (n Notice) payload() string {
	return strings.Join([]string{noticeVersion, n.Origin, string(n.Kind), string(n.Reason), n.ID}, " ")
}

func parseNotice(payload string) (Notice, bool) {
	fields := strings.Split(payload, " ")
	if len(fields) != 5 || fields[0] != noticeVersion {
		return Notice{}, false
	}
	return Notice{Origin: fields[1], Kind: Kind(fields[2]), Reason: Reason(fields[3]), ID: fields[4]}, true
}

// Subscribe implements [Notices].
func (s *Redis) Subscribe(receive func(Notice), listening func(bool)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for ctx.Err() == nil {
			s.listen(ctx, receive, listening)
			listening(false)
			pause(ctx, resubscribe)
		}
	}()
	return func() {
		cancel()
		<-stopped
	}
}

// listen hears notices until the connection fails.
func (s *Redis) listen(ctx context.Context, receive func(Notice), listening func(bool)) {
	subscription := s.client.Subscribe(ctx, redisChannel)
	defer context.AfterFunc(ctx, func() { _ = subscription.Close() })() // wakes a waiting receive
	defer func() { _ = subscription.Close() }()                         // whatever it says, the connection is gone
	asked := false
	for {
		message, err := subscription.ReceiveTimeout(ctx, pulse)
		if timedOut, ok := errors.AsType[net.Error](err); ok && timedOut.Timeout() && !asked {
			asked = true
			err = subscription.Ping(ctx)
			if err == nil {
				continue
			}
		}
		if err != nil {
			return
		}
		asked = false
		switch message := message.(type) {
		case *redis.Subscription:
			listening(true)
		case *redis.Message:
			if notice, ok := parseNotice(message.Payload); ok {
				receive(notice)
			}
		}
	}
}

// Generation implements [Notices]: all who write here notify.
func (s *Redis) Generation(context.Context) (int64, error) { return 0, nil }
