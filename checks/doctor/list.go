package doctor

import "github.com/flowgate-go/flowgate/checks"

// checks are all checks, each after those that it needs.
func (s *subject) checks() []checks.Check { return s.withoutTrust(s.all()) }

// all are the checks whatever is trusted.
func (s *subject) all() []checks.Check {
	list := []checks.Check{
		s.configReadable(),
		s.configValid(),
		s.configCurrent(),
		s.configSettings(),
		s.configEnvironment(),
		s.folderPresent(),
		s.folderPrivate(),
		s.folderWritable(),
		s.folderSpace(),
		s.folderIgnored(),
		s.keysPresent(),
		s.keysPrivate(),
		s.runtimesInstalled(),
		s.runtimesArchitecture(),
		s.runtimesDigest(),
		s.runtimesGood(),
		s.runtimesOutdated(),
		s.litellmPython(),
		s.litellmPrisma(),
		s.servicesDotenv(),
		s.litellmInclude(),
		s.profileState(),
		s.profileActive(),
		s.profileCurrent(),
		s.supervisorAnswers(),
		s.supervisorCurrent(),
		s.processesStale(),
		s.processesOrphaned(),
		s.processesCrashing(),
		s.portsAvailable(),
		s.portsDistinct(),
		s.portsLoopback(),
		s.readinessFree(),
		s.servicesLive(),
		s.servicesReady(),
		s.cliproxyConfig(),
		s.cliproxyKeys(),
		s.cliproxyHeaders(),
		s.cliproxyFolder(),
		s.cliproxyReachable(),
		s.cliproxyManagement(),
		s.cliproxyVersion(),
		s.credentialsPresent(),
		s.credentialsParsable(),
		s.credentialsPrivate(),
		s.credentialsFresh(),
		s.credentialsRenewable(),
		s.credentialsShared(),
		s.credentialsUsable(),
		s.stackAddress(),
		s.stackKey(),
		s.stackModels(),
		s.stackEnvironment(),
		s.modelsServed(),
		s.deploymentsAvailable(),
		s.deploymentsDistinct(),
		s.routingStrategy(),
		s.fallbacksKnown(),
		s.fallbacksLoop(),
		s.settingsEffective(),
		s.settingsKnown(),
		s.providersKnown(),
		s.upstreamReachable(),
		s.clockRight(),
		s.proxyBypassed(),
		s.filesEnough(),
		s.goVersion(),
		s.mageVersion(),
	}
	for i := range list {
		list[i].Family = "doctor"
	}
	return list
}
