// Checks what `standing` has signed and written with the packages that Go's own checksum database
// is checked with: golang.org/x/mod/sumdb/note and .../tlog. Nothing of this project is used.
//
// Its argument is a folder with
//
//	key          the verifier key
//	old, new     two checkpoints of the log, the second of the larger tree
//	consistency  the hashes of the proof that the one goes on from the other, a line each
//	proof        a proof file of an event in the tree of `new`
//	out          the log's tiles and entries, of the tree of `new`
//
// It prints `ok` and the size and root of `new`, or says what is wrong and fails.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8

func main() {
	if err := check(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(folder string) error {
	key := strings.TrimSpace(string(read(folder, "key")))
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return fmt.Errorf("key: %v", err)
	}
	older, err := open(read(folder, "old"), verifier)
	if err != nil {
		return fmt.Errorf("old: %v", err)
	}
	newer, err := open(read(folder, "new"), verifier)
	if err != nil {
		return fmt.Errorf("new: %v", err)
	}
	if !bytes.Equal(read(folder, "new"), read(folder, "out/checkpoint")) {
		return fmt.Errorf("out/checkpoint is another than new")
	}
	changed := bytes.Replace(read(folder, "new"), []byte("\n"), []byte("x\n"), 1)
	if _, err := open(changed, verifier); err == nil {
		return fmt.Errorf("a changed checkpoint is taken")
	}
	if err := checkConsistency(folder, older, newer); err != nil {
		return fmt.Errorf("consistency: %v", err)
	}
	if err := checkProof(read(folder, "proof"), verifier, newer); err != nil {
		return fmt.Errorf("proof: %v", err)
	}
	if err := checkTiles(filepath.Join(folder, "out"), older, newer); err != nil {
		return fmt.Errorf("tiles: %v", err)
	}
	fmt.Println("ok", newer.N, newer.Hash)
	return nil
}

func read(folder, name string) []byte {
	data, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return data
}

// open checks a checkpoint's signature and reads its three lines.
func open(data []byte, verifier note.Verifier) (tree tlog.Tree, err error) {
	signed, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		return tree, fmt.Errorf("no checkpoint of this log: %q", signed.Text)
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

func hashes(lines []string) (all []tlog.Hash, err error) {
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		all = append(all, hash)
	}
	return all, nil
}

func checkConsistency(folder string, older, newer tlog.Tree) error {
	proof, err := hashes(strings.Fields(string(read(folder, "consistency"))))
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(proof, newer.N, newer.Hash, older.N, older.Hash); err != nil {
		return err
	}
	other := older.Hash
	other[0] ^= 1
	if tlog.CheckTree(proof, newer.N, newer.Hash, older.N, other) == nil {
		return fmt.Errorf("another older tree is taken")
	}
	return nil
}

// checkProof reads a proof file (c2sp.org/tlog-proof) and checks it.
func checkProof(data []byte, verifier note.Verifier, newer tlog.Tree) error {
	parts := strings.SplitN(string(data), "\n\n", 2)
	lines := strings.Split(parts[0], "\n")
	if len(parts) != 2 || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("not of the form")
	}
	tree, err := open([]byte(parts[1]), verifier)
	if err != nil || tree != newer {
		return fmt.Errorf("its checkpoint is another: %v", err)
	}
	leaf, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return err
	}
	path, err := hashes(lines[3:])
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(path, tree.N, tree.Hash, index, tlog.RecordHash(leaf)); err != nil {
		return err
	}
	leaf[0] ^= 1
	if tlog.CheckRecord(path, tree.N, tree.Hash, index, tlog.RecordHash(leaf)) == nil {
		return fmt.Errorf("a changed event is taken")
	}
	return nil
}

// checkTiles makes the tree anew from the entries, and compares every tile with it.
func checkTiles(folder string, older, newer tlog.Tree) error {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) (found []tlog.Hash, err error) {
		for _, index := range indexes {
			found = append(found, stored[index])
		}
		return found, nil
	})
	leaves := int64(0)
	tiles := tilesOf(newer.N)
	for _, tile := range tiles {
		if tile.L != 0 {
			continue
		}
		bundle := read(folder, strings.Replace(path(tile), "tile/0/", "tile/entries/", 1))
		for len(bundle) > 0 {
			length := int(binary.BigEndian.Uint16(bundle))
			added, err := tlog.StoredHashes(leaves, bundle[2:2+length], reader)
			if err != nil {
				return err
			}
			stored = append(stored, added...)
			bundle = bundle[2+length:]
			leaves++
		}
	}
	if leaves != newer.N {
		return fmt.Errorf("%d entries in a tree of %d", leaves, newer.N)
	}
	for _, tree := range []tlog.Tree{older, newer} {
		root, err := tlog.TreeHash(tree.N, reader)
		if err != nil || root != tree.Hash {
			return fmt.Errorf("the entries make the root %v of %d, signed is %v (%v)", root, tree.N, tree.Hash, err)
		}
	}
	for _, tile := range tiles {
		data, err := tlog.ReadTileData(tile, reader)
		if err != nil {
			return err
		}
		if !bytes.Equal(data, read(folder, path(tile))) {
			return fmt.Errorf("%s is another", path(tile))
		}
	}
	return nil
}

// tilesOf lists the tiles of a tree. Some versions of the package list every width that the last
// tile of a level has had; the last is the widest.
func tilesOf(size int64) (tiles []tlog.Tile) {
	for _, tile := range tlog.NewTiles(tileHeight, 0, size) {
		last := len(tiles) - 1
		if last >= 0 && tiles[last].L == tile.L && tiles[last].N == tile.N {
			tiles[last] = tile
		} else {
			tiles = append(tiles, tile)
		}
	}
	return tiles
}

// path is that of tlog-tiles: the checksum database's without the height.
func path(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight), "tile/", 1)
}
