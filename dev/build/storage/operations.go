package main

import "sync"

// operations says what is being worked on, so that nothing is made twice at once, nor removed while it is copied.
type operations struct {
	mutex sync.Mutex
	// running holds how many read a volume or snapshot, or -1 while one changes it.
	running map[string]int
}

func volumeKey(id string) string { return "volume/" + id }

func snapshotKey(id string) string { return "snapshot/" + id }

// begin starts an operation that changes one volume or snapshot and reads others. It returns false when another is in its way,
// else what ends it.
func (o *operations) begin(changed string, read ...string) (end func(), free bool) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.running[changed] != 0 {
		return nil, false
	}
	for _, key := range read {
		if o.running[key] < 0 {
			return nil, false
		}
	}
	if o.running == nil {
		o.running = map[string]int{}
	}
	o.running[changed] = -1
	for _, key := range read {
		o.running[key]++
	}
	return func() { o.end(changed, read) }, true
}

func (o *operations) end(changed string, read []string) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	delete(o.running, changed)
	for _, key := range read {
		if o.running[key]--; o.running[key] == 0 {
			delete(o.running, key)
		}
	}
}
