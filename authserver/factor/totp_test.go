package factor_test

import (
	"fmt"
	"image"
	"image/color"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"cloakroom/authserver/factor"
)

// The test values of RFC 6238 appendix B, whose codes have eight digits: ours are the last six of them.
func TestCodesAreThoseOfTheRFC(t *testing.T) {
	secret := factor.Secret("12345678901234567890")
	for seconds, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := secret.Code(factor.Step(time.Unix(seconds, 0))); got != want {
			t.Errorf("at %d: %s, want %s", seconds, got, want)
		}
	}
}

func TestCodeCountsAStepEarlierAndLaterAndNoMore(t *testing.T) {
	secret := factor.Secret("12345678901234567890")
	now := time.Unix(1_800_000_015, 0)
	for steps, want := range map[int64]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		step, ok := secret.Match(secret.Code(factor.Step(now)+steps), now)
		if ok != want || (ok && step != factor.Step(now)+steps) {
			t.Errorf("%d steps away: %v, step %d", steps, ok, step)
		}
	}
	code := secret.Code(factor.Step(now))
	if _, ok := secret.Match(" "+code[:3]+" "+code[3:]+" ", now); !ok {
		t.Error("a code with spaces, as apps show it, is refused")
	}
	for _, wrong := range []string{"", code[:5], code + "0", strings.Repeat("x", 6)} {
		if _, ok := secret.Match(wrong, now); ok {
			t.Errorf("%q is accepted", wrong)
		}
	}
}

func TestSecretIsWrittenForAppsAndForPeople(t *testing.T) {
	secret := factor.Secret("12345678901234567890")
	uri, err := url.Parse(secret.URI("The house: front & back", "alice"))
	if err != nil {
		t.Fatal(err)
	}
	query := uri.Query()
	if uri.Scheme != "otpauth" || uri.Host != "totp" || uri.Path != "/The house  front & back:alice" || strings.Contains(uri.RawQuery, "+") ||
		query.Get("secret") != "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" || query.Get("issuer") != "The house: front & back" || query.Get("digits") != "6" || query.Get("period") != "30" {
		t.Errorf("%s", uri)
	}
	if got := secret.Text(); got != "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ" {
		t.Errorf("%s", got)
	}
	if got := fmt.Sprintf("%v %+v %#v %s", secret, secret, secret, secret.LogValue()); strings.Contains(got, "123") {
		t.Errorf("it shows itself: %s", got)
	}
}

func TestRecoveryCodesAreManyAndForgiving(t *testing.T) {
	codes, seen := factor.NewRecoveryCodes(), map[string]bool{}
	for _, code := range codes {
		if !regexp.MustCompile(`^[A-Z2-7]{6}(-[A-Z2-7]{6}){3}$`).MatchString(code) || seen[code] {
			t.Errorf("code %q", code)
		}
		seen[code] = true
	}
	if len(codes) != 10 {
		t.Errorf("%d codes", len(codes))
	}
	hash := factor.HashRecoveryCode("w", "s", codes[0])
	for _, spelling := range []string{strings.ToLower(codes[0]), " " + strings.ReplaceAll(codes[0], "-", " ") + " "} {
		if factor.HashRecoveryCode("w", "s", spelling) != hash {
			t.Errorf("%q is another code", spelling)
		}
	}
	for _, other := range [][3]string{{"v", "s", codes[0]}, {"w", "t", codes[0]}, {"w", "s", codes[1]}} {
		if factor.HashRecoveryCode(other[0], other[1], other[2]) == hash {
			t.Errorf("%v has the same hash", other)
		}
	}
}

// The picture is drawn again from its path, and has the three finder patterns of a QR code (ISO/IEC 18004 §6.3.3) and a quiet zone.
func TestPictureIsAQRCode(t *testing.T) {
	picture, err := factor.Draw("otpauth://totp/x:y?secret=GEZDGNBV")
	if err != nil {
		t.Fatal(err)
	}
	drawn := image.NewGray(image.Rect(0, 0, picture.Size, picture.Size))
	for _, run := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-\d+z`).FindAllStringSubmatch(picture.Path, -1) {
		x, y, length := number(t, run[1]), number(t, run[2]), number(t, run[3])
		for at := range length {
			drawn.SetGray(x+at, y, color.Gray{Y: 255})
		}
	}
	size := picture.Size - 8
	for _, corner := range []image.Point{{4, 4}, {4 + size - 7, 4}, {4, 4 + size - 7}} {
		for offset := range 7 {
			if drawn.GrayAt(corner.X+offset, corner.Y).Y == 0 || drawn.GrayAt(corner.X+offset, corner.Y+6).Y == 0 || drawn.GrayAt(corner.X+3, corner.Y+3).Y == 0 {
				t.Fatalf("no finder pattern at %v", corner)
			}
		}
	}
	for at := range picture.Size {
		if drawn.GrayAt(at, 3).Y != 0 || drawn.GrayAt(3, at).Y != 0 {
			t.Fatal("the quiet zone is not quiet")
		}
	}
}

func number(t *testing.T, text string) int {
	t.Helper()
	value, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return value
}
