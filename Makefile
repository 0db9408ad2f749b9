# The front door. Meson builds; scripts/ and tools/ do the rest.
.PHONY: all test demo check bench format clean install

all: build/build.ninja
	ninja -C build

build/build.ninja:
	scripts/install-deps
	meson setup build

# Everything: both compilers, sanitizers, checks, packages.
test:
	scripts/test

demo:
	scripts/demo

# Quick: unit and golden tests of one build, and the checks that need no build.
check: all
	meson test -C build --no-rebuild -q
	tools/check-rooms
	tools/check-size
	tools/check-headers
	tools/check-banned
	tools/check-format
	tools/check-spelling
	tools/check-docs

bench: all
	bench/run

format:
	git ls-files '*.c' '*.h' | xargs clang-format-14 -i

install: all
	meson install -C build

clean:
	rm -rf build build-gcc build-asan build-tsan build-verifier
