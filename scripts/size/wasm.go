package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// The sections of a WebAssembly module that matter here (WebAssembly Core §5.5).
const (
	sectionCustom = 0
	sectionImport = 2
	sectionCode   = 10

	nameFunctions = 1 // the subsection of the custom section "name" with the functions' names (§7.4)
	kindFunction  = 0 // an import that is a function

	dataAndRest = "(data)"
)

var errModule = errors.New("not a WebAssembly module as the Go compiler writes it")

// weigh adds up the code of a module by Go package. What is no code, such as constants, types and line tables, is one sum.
func weigh(module []byte) (map[string]int, error) {
	if len(module) < 8 || string(module[:4]) != "\x00asm" {
		return nil, errModule
	}
	var imports int
	var bodies []int
	names := map[int]string{}
	r := &reader{rest: module[8:]}
	for len(r.rest) > 0 && r.err == nil {
		kind := r.byte()
		section := &reader{rest: r.bytes(r.number())}
		switch kind {
		case sectionImport:
			imports = section.functionImports()
		case sectionCode:
			bodies = section.bodySizes()
		case sectionCustom:
			if string(section.bytes(section.number())) == "name" {
				section.functionNames(names)
			}
		}
		r.err = errors.Join(r.err, section.err)
	}
	if r.err != nil || len(bodies) == 0 || len(names) == 0 {
		return nil, fmt.Errorf("%w: %d functions, %d names: %w", errModule, len(bodies), len(names), r.err)
	}
	weights, rest := map[string]int{}, len(module)
	for i, size := range bodies {
		weights[packageOf(names[imports+i])] += size
		rest -= size
	}
	weights[dataAndRest] = rest
	return weights, nil
}

// packageOf is the package in a function's name as the linker writes it: github.com_a_b in github.com_a_b.__T_.M, where
// whatever is no letter, digit or dot became an underscore. A type argument may have dots of its own.
func packageOf(function string) string {
	plain, _, _ := strings.Cut(function, "[")
	if strings.HasPrefix(plain, "type_") || strings.HasPrefix(plain, "type:") {
		return "(equality and hashes of types)"
	}
	path, name, found := strings.Cut(plain, ".")
	if !found {
		return "(runtime stubs)"
	}
	// The first dot is a host's.
	for _, domain := range []string{"com_", "org_", "io_", "in_"} {
		if strings.HasPrefix(name, domain) {
			rest, _, _ := strings.Cut(name, ".")
			return path + "." + rest
		}
	}
	return path
}

// reader reads the binary format. After its first error it reads nothing.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) byte() byte {
	if one := r.bytes(1); len(one) == 1 {
		return one[0]
	}
	return 0
}

func (r *reader) bytes(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.rest) {
		r.err = errModule
		r.rest = nil
		return nil
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

// number reads an unsigned LEB128 (§5.2.2).
func (r *reader) number() int {
	value, n := binary.Uvarint(r.rest)
	if n <= 0 || value > 1<<31 {
		r.err = errModule
		r.rest = nil
		return 0
	}
	r.rest = r.rest[n:]
	return int(value)
}

// functionImports counts them: they come first in the index of functions. Go's modules import nothing else.
func (r *reader) functionImports() (count int) {
	for range r.number() {
		r.bytes(r.number()) // module
		r.bytes(r.number()) // name
		if r.byte() != kindFunction {
			r.err = errModule
			return count
		}
		r.number() // type
		count++
	}
	return count
}

func (r *reader) bodySizes() []int {
	sizes := make([]int, 0, 1024)
	for range r.number() {
		size := r.number()
		r.bytes(size)
		sizes = append(sizes, size)
	}
	return sizes
}

func (r *reader) functionNames(into map[int]string) {
	for len(r.rest) > 0 && r.err == nil {
		kind := r.byte()
		section := &reader{rest: r.bytes(r.number())}
		if kind != nameFunctions {
			continue
		}
		for range section.number() {
			index := section.number()
			into[index] = string(section.bytes(section.number()))
		}
		r.err = errors.Join(r.err, section.err)
	}
}
