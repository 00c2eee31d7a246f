package backend

import "cloakroom/bff/api"

// Facts are what the server knows when it makes the document, so that the app begins with the same.
type Facts struct {
	Files     []File         `json:"files"`
	Providers []api.Provider `json:"providers"`
}

// File is one file that the page loads, with its bytes: as they are, and as they travel. A compressed size of 0 means that
// this encoding is not worth having.
type File struct {
	Name   string `json:"name"`
	Size   int    `json:"size"`
	Brotli int    `json:"br"`
	Gzip   int    `json:"gz"`
}

// Sum adds the files up, as they travel: one that an encoding does not suit counts as it is.
func Sum(files []File) File {
	var sum File
	for _, file := range files {
		sum.Size += file.Size
		sum.Brotli += either(file.Brotli, file.Size)
		sum.Gzip += either(file.Gzip, file.Size)
	}
	return sum
}

func either(compressed, plain int) int {
	if compressed == 0 {
		return plain
	}
	return compressed
}
