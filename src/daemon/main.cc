// The program's entry; src/daemon/cli.h does the rest.
int main() { return 0; }
