package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// noise is a difference in bytes that is not worth a line.
const noise = 256

// printFiles prints the bundle, the largest first, with the change on the wire since the baseline.
func printFiles(out io.Writer, before, now weights) {
	fmt.Fprintf(out, "%-14s %11s %11s %11s %11s\n", "file", "raw", "gzip", "brotli", "change")
	names := slices.SortedFunc(maps.Keys(now.Files), func(a, b string) int { return cmp.Compare(now.Files[b].Raw, now.Files[a].Raw) })
	for _, name := range names {
		file := now.Files[name]
		fmt.Fprintf(out, "%-14s %11s %11s %11s %11s\n",
			name, grouped(file.Raw), grouped(file.Gzip), grouped(file.Brotli), signed(file.Brotli-before.Files[name].Brotli))
	}
	fmt.Fprintf(out, "budget of the program on the wire: %s\n\n", grouped(budget))
}

// growth is a package whose code has another size than in the baseline.
type growth struct {
	name     string
	now, add int
}

func growths(before, now map[string]int) []growth {
	var found []growth
	for name, size := range now {
		if add := size - before[name]; add > noise || add < -noise {
			found = append(found, growth{name, size, add})
		}
	}
	for name, size := range before {
		if _, still := now[name]; !still && size > noise {
			found = append(found, growth{name, 0, -size})
		}
	}
	slices.SortFunc(found, func(a, b growth) int { return cmp.Or(cmp.Compare(b.add, a.add), cmp.Compare(a.name, b.name)) })
	return found
}

// printGrowth names the packages whose code changed, and the heaviest ones.
func printGrowth(out io.Writer, before, now weights) {
	fmt.Fprintf(out, "%-58s %11s %11s\n", "code by package, before compression", "raw", "change")
	heaviest := slices.SortedFunc(maps.Keys(now.Packages), func(a, b string) int { return cmp.Compare(now.Packages[b], now.Packages[a]) })
	for _, name := range heaviest[:min(12, len(heaviest))] {
		fmt.Fprintf(out, "%-58s %11s %11s\n", name, grouped(now.Packages[name]), signed(now.Packages[name]-before.Packages[name]))
	}
	grown := growths(before.Packages, now.Packages)
	if len(grown) == 0 {
		fmt.Fprintln(out, "\nnothing changed since the baseline")
		return
	}
	fmt.Fprintln(out, "\nwhat changed since the baseline, the growth first:")
	for _, one := range grown {
		fmt.Fprintf(out, "%-58s %11s %11s\n", one.name, grouped(one.now), signed(one.add))
	}
}

// grewMost names the three packages that grew most.
func grewMost(before, now weights) string {
	var names []string
	for _, one := range growths(before.Packages, now.Packages) {
		if one.add > 0 && len(names) < 3 {
			names = append(names, one.name+" "+signed(one.add))
		}
	}
	if len(names) == 0 {
		return "no package"
	}
	return strings.Join(names, ", ")
}

func signed(n int) string {
	switch {
	case n > 0:
		return "+" + grouped(n)
	case n < 0:
		return "-" + grouped(-n)
	default:
		return "="
	}
}

// grouped writes a number with commas: 1,551,561.
func grouped(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
