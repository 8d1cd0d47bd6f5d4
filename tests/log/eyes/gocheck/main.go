// gocheck: a log's files, checked by Go's checksum-database packages and nothing of ours.
//
//	gocheck FOLDER LOGKEY [-witness KEY]... [-old CHECKPOINT]...
//
// golang.org/x/mod/sumdb/note opens the checkpoint; golang.org/x/mod/sumdb/tlog authenticates every tile against its
// root, hashes every entry, proves that every older checkpoint is the beginning of the newest, and proves one entry.
// Exit code 0 and a line of what was checked; 1 and the first thing that is wrong.
package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8 // levels of the tree in one tile

type checkpoint struct {
	origin string
	tree   tlog.Tree
	seen   int // witnesses that signed it
}

func open(path string, log note.Verifier, witnesses []note.Verifier) (checkpoint, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return checkpoint{}, err
	}
	opened, err := note.Open(raw, note.VerifierList(append([]note.Verifier{log}, witnesses...)...))
	if err != nil {
		return checkpoint{}, err
	}
	own := 0
	for _, signature := range opened.Sigs {
		if signature.Name == log.Name() && signature.Hash == log.KeyHash() {
			own++
		}
	}
	lines := strings.Split(opened.Text, "\n")
	if own != 1 || len(lines) != 4 || lines[0] != log.Name() {
		return checkpoint{}, errors.New("not a checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != lines[1] || size < 0 {
		return checkpoint{}, errors.New("no size")
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return checkpoint{}, errors.New("no root")
	}
	found := checkpoint{origin: lines[0], seen: len(opened.Sigs) - own}
	found.tree.N = size
	copy(found.tree.Hash[:], root)
	return found, nil
}

// cosigner verifies C2SP cosignatures: eight bytes of time before the signature, and a first line over the text.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }
func (c cosigner) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(signature), text)
	return ed25519.Verify(c.key, []byte(signed), signature[8:])
}

func newCosigner(text string) (note.Verifier, error) {
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("no witness key")
	}
	hash, err := strconv.ParseUint(parts[1], 16, 32)
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != 4 {
		return nil, errors.New("no witness key")
	}
	return cosigner{parts[0], uint32(hash), key[1:]}, nil
}

// files reads tiles by their C2SP paths: the height is not in them, and entries have a level of their own.
type files struct{ folder string }

func (f files) Height() int                         { return height }
func (f files) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (f files) path(tile tlog.Tile) string {
	path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
	return filepath.Join(f.folder, filepath.FromSlash(strings.Replace(path, "tile/data/", "tile/entries/", 1)))
}
func (f files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(tiles))
	for at, tile := range tiles {
		raw, err := os.ReadFile(f.path(tile))
		if err != nil {
			return nil, err
		}
		found[at] = raw
	}
	return found, nil
}

// entries hashes every entry of the log and compares with the leaf that the tree authenticates.
func entries(read files, tree tlog.Tree, reader tlog.HashReader) error {
	for first := int64(0); first < tree.N; first += 1 << height {
		width := tree.N - first
		if width > 1<<height {
			width = 1 << height
		}
		bundle, err := os.ReadFile(read.path(tlog.Tile{H: height, L: -1, N: first >> height, W: int(width)}))
		if err != nil {
			return err
		}
		places := make([]int64, width)
		for at := range places {
			places[at] = tlog.StoredHashIndex(0, first+int64(at))
		}
		leaves, err := reader.ReadHashes(places)
		if err != nil {
			return err
		}
		for at, leaf := range leaves {
			if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
				return fmt.Errorf("entry %d is cut short", first+int64(at))
			}
			length := 2 + int(binary.BigEndian.Uint16(bundle))
			if tlog.RecordHash(bundle[2:length]) != leaf {
				return fmt.Errorf("entry %d is not its leaf", first+int64(at))
			}
			bundle = bundle[length:]
		}
		if len(bundle) > 0 {
			return errors.New("more entries than leaves")
		}
	}
	return nil
}

func check(folder, logKey string, witnessKeys, olds []string) error {
	log, err := note.NewVerifier(logKey)
	if err != nil {
		return err
	}
	var witnesses []note.Verifier
	for _, text := range witnessKeys {
		witness, err := newCosigner(text)
		if err != nil {
			return err
		}
		witnesses = append(witnesses, witness)
	}
	newest, err := open(filepath.Join(folder, "checkpoint"), log, witnesses)
	if err != nil {
		return err
	}
	if newest.seen != len(witnesses) {
		return fmt.Errorf("%d of %d witnesses signed", newest.seen, len(witnesses))
	}
	read := files{folder}
	reader := tlog.TileHashReader(newest.tree, read)
	if root, err := tlog.TreeHash(newest.tree.N, reader); err != nil || root != newest.tree.Hash {
		return fmt.Errorf("the tiles do not lead to the root: %v", err)
	}
	if err := entries(read, newest.tree, reader); err != nil {
		return err
	}
	for _, path := range olds {
		old, err := open(path, log, nil)
		if err != nil {
			return err
		}
		proof, err := tlog.ProveTree(newest.tree.N, old.tree.N, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, newest.tree.N, newest.tree.Hash, old.tree.N, old.tree.Hash); err != nil {
			return fmt.Errorf("checkpoint %d is not the beginning of %d: %v", old.tree.N, newest.tree.N, err)
		}
	}
	middle := newest.tree.N / 2
	proof, err := tlog.ProveRecord(newest.tree.N, middle, reader)
	if err != nil {
		return err
	}
	leaf, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, middle)})
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(proof, newest.tree.N, newest.tree.Hash, middle, leaf[0]); err != nil {
		return err
	}
	fmt.Printf("%d entries, %d older checkpoints, %d witnesses\n", newest.tree.N, len(olds), newest.seen)
	return nil
}

func main() {
	var places, witnesses, olds []string
	for at := 1; at < len(os.Args); at++ {
		switch {
		case os.Args[at] == "-witness" && at+1 < len(os.Args):
			at++
			witnesses = append(witnesses, os.Args[at])
		case os.Args[at] == "-old" && at+1 < len(os.Args):
			at++
			olds = append(olds, os.Args[at])
		default:
			places = append(places, os.Args[at])
		}
	}
	if len(places) != 2 {
		fmt.Fprintln(os.Stderr, "gocheck FOLDER LOGKEY [-witness KEY]... [-old CHECKPOINT]...")
		os.Exit(2)
	}
	if err := check(places[0], places[1], witnesses, olds); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
