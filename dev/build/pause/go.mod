module kintsugi.dev/build/pause

go 1.24
