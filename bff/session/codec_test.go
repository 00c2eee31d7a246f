package session_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"cloakroom/bff/session"
	"cloakroom/bff/session/sessiontest"
)

// vector is the record of testdata/record-2.hex. Both are part of the format: files in the field hold such bytes.
func vector() session.Record {
	record := firstVector()
	record.ProofKey, record.SignIns = "proof key", 2
	token := record.Tokens[""]
	token.Issued = record.Created
	record.Tokens[""] = token
	return record
}

// firstVector is the record of testdata/record-1.hex, which was written before there was more to keep.
func firstVector() session.Record {
	at := time.Date(2026, time.January, 2, 3, 4, 5, 6, time.UTC)
	return session.Record{
		Handle: "handle", Provider: "demo", Issuer: "https://issuer.test", Subject: "alice", SID: "sid",
		Claims: map[string]any{
			"nil": nil, "true": true, "false": false, "text": "Zoë", "float": 1.5, "int": int64(-7), "number": json.Number("1e400"),
			"time": at, "texts": []string{"a", ""}, "list": []any{"a", []any{}}, "object": map[string]any{"deep": map[string]any{}},
		},
		AuthTime: at, ACR: "acr", AMR: []string{"pwd"}, IDToken: "id.token", RefreshToken: "refresh",
		Tokens: map[string]session.Token{
			"":       {AccessToken: "access", Type: "Bearer", Scopes: []string{"openid", "notes.read"}, Expires: at.Add(time.Minute)},
			"orders": {AccessToken: "other", Type: "DPoP", Scopes: []string{}},
		},
		UserAgent: "agent", Created: at, Absolute: at.Add(time.Hour),
	}
}

func golden(t *testing.T) []byte {
	t.Helper()
	return goldenFile(t, "record-2.hex")
}

func goldenFile(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func TestRecordFormatIsTheOneInTheField(t *testing.T) {
	encoded, err := session.EncodeRecord(vector())
	if err != nil || !bytes.Equal(encoded, golden(t)) {
		t.Errorf("the vector is encoded as %x, %v", encoded, err)
	}
	decoded, err := session.DecodeRecord(golden(t))
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, decoded, vector())
}

func TestRecordOfTheFirstFormatIsStillRead(t *testing.T) {
	decoded, err := session.DecodeRecord(goldenFile(t, "record-1.hex"))
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, decoded, firstVector())
}

func wantSame(t *testing.T, got, want session.Record) {
	t.Helper()
	gotValue, wantValue := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range gotValue.NumField() {
		if !reflect.DeepEqual(gotValue.Field(i).Interface(), wantValue.Field(i).Interface()) {
			t.Errorf("%s is %#v, want %#v", gotValue.Type().Field(i).Name, gotValue.Field(i).Interface(), wantValue.Field(i).Interface())
		}
	}
}

func TestRecordFormatKeepsNilAndEmptyApart(t *testing.T) {
	for name, record := range map[string]session.Record{
		"nothing": {},
		"nil":     {Claims: map[string]any{"list": []any(nil), "texts": []string(nil), "object": map[string]any(nil)}},
		"empty":   {Claims: map[string]any{}, AMR: []string{}, Tokens: map[string]session.Token{}},
		"edges":   {Claims: map[string]any{"": math.Inf(-1), "max": int64(math.MaxInt64), "min": int64(math.MinInt64)}},
		"1970":    {Created: time.Unix(0, 0).UTC(), Absolute: time.Unix(0, -1).UTC()},
	} {
		t.Run(name, func(t *testing.T) {
			encoded, err := session.EncodeRecord(record)
			if err != nil {
				t.Fatal(err)
			}
			decoded, err := session.DecodeRecord(encoded)
			if err != nil {
				t.Fatal(err)
			}
			wantSame(t, decoded, record)
		})
	}
}

func TestDecodeRecordRefusesAnUnknownFormat(t *testing.T) {
	for _, format := range []byte{0, 3, 255} {
		encoded := golden(t)
		encoded[0] = format
		if _, err := session.DecodeRecord(encoded); err == nil || !strings.Contains(err.Error(), "format") {
			t.Errorf("format %d: got error %v", format, err)
		}
	}
}

func TestDecodeRecordRefusesEveryPrefixAndAnyRest(t *testing.T) {
	encoded := golden(t)
	for length := range encoded {
		if _, err := session.DecodeRecord(encoded[:length]); err == nil {
			t.Errorf("the first %d of %d bytes are a record", length, len(encoded))
		}
	}
	if _, err := session.DecodeRecord(append(encoded, 0)); err == nil {
		t.Error("a byte after the record goes unnoticed")
	}
}

func TestEncodeRecordNamesTheClaimThatItCannotKeep(t *testing.T) {
	var deep any = "bottom"
	for range 20 {
		deep = []any{deep}
	}
	for name, value := range map[string]any{"channel": make(chan int), "int": 1, "deep": deep, "nested": map[string]any{"nested": struct{}{}}} {
		_, err := session.EncodeRecord(session.Record{Claims: map[string]any{name: value}})
		if err == nil || !strings.Contains(err.Error(), `"`+name+`"`) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}

func TestEncodeRecordRefusesATimeThatItCannotKeep(t *testing.T) {
	record := session.Record{AuthTime: time.Date(9999, time.January, 1, 0, 0, 0, 0, time.UTC)}
	if _, err := session.EncodeRecord(record); err == nil {
		t.Error("the year 9999 was encoded, and would be read as another")
	}
}

// What is read has to be written again as it was read; nothing may make the reader panic or take memory without bound.
func FuzzDecodeRecord(f *testing.F) {
	encoded, _ := session.EncodeRecord(vector())
	f.Add(encoded)
	full, _ := session.EncodeRecord(sessiontest.Record("r1", "alice", time.Unix(1, 0)))
	f.Add(full)
	f.Add([]byte{1})
	f.Add(append([]byte{1}, bytes.Repeat([]byte{0xff}, 40)...))
	f.Fuzz(func(t *testing.T, encoded []byte) {
		record, err := session.DecodeRecord(encoded)
		if err != nil {
			return
		}
		first, err := session.EncodeRecord(record)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := session.DecodeRecord(first)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		second, err := session.EncodeRecord(again)
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("written %x, then %x (%v)", first, second, err)
		}
	})
}

func TestCookieBlobHoldsNothingButTheRecordsID(t *testing.T) {
	var codec session.BlobCodec
	deadline := time.Date(2030, time.January, 1, 0, 0, 0, 0, time.UTC)
	blob, err := codec.Encode(deadline, map[string]any{"record": "r1"})
	if err != nil {
		t.Fatal(err)
	}
	got, values, err := codec.Decode(blob)
	if err != nil || !got.Equal(deadline) || !reflect.DeepEqual(values, map[string]any{"record": "r1"}) {
		t.Errorf("decoded %v %v %v", got, values, err)
	}
	for name, values := range map[string]map[string]any{
		"nothing":      {},
		"a token":      {"record": "r1", "access_token": "canary"},
		"another kind": {"record": 1},
		"another key":  {"user": "alice"},
	} {
		if _, err := codec.Encode(deadline, values); err == nil {
			t.Errorf("%s: a blob was made of it", name)
		}
	}
	for _, blob := range [][]byte{nil, blob[:9], append([]byte{2}, blob[1:]...)} {
		if _, _, err := codec.Decode(blob); err == nil {
			t.Errorf("%x is a blob", blob)
		}
	}
}
