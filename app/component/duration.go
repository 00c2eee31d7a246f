package component

import (
	"strconv"
	"time"
)

// clock writes a duration as a clock does, to the second: 4:05, 1:02:03. It rounds up, so that 0:00 means that it is over.
func clock(d time.Duration) string {
	seconds := int((d + time.Second - 1) / time.Second)
	minutes, hours := seconds/60%60, seconds/3600
	if hours == 0 {
		return strconv.Itoa(minutes) + ":" + twoDigits(seconds%60)
	}
	return strconv.Itoa(hours) + ":" + twoDigits(minutes) + ":" + twoDigits(seconds%60)
}

func twoDigits(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}
