// __popcountdi2 returns how many bits of a are set, as the function of GCC's library does (tasks/racelink.go).
int __popcountdi2(unsigned long long a) {
	a -= (a >> 1) & 0x5555555555555555ULL;
	a = (a & 0x3333333333333333ULL) + ((a >> 2) & 0x3333333333333333ULL);
	a = (a + (a >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return (int)((a * 0x0101010101010101ULL) >> 56);
}
