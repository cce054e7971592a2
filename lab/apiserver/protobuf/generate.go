// Writes messages.txt: how the built-in kinds look as protocol buffers, read from the struct tags of the types.
//
//	cd lab/apiserver/protobuf && go run . > messages.txt && go run . samples > samples.txt
//
// With the word samples it writes objects in both forms instead, for a test.
package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"

	apps "k8s.io/api/apps/v1"
	authentication "k8s.io/api/authentication/v1"
	authorization "k8s.io/api/authorization/v1"
	autoscaling "k8s.io/api/autoscaling/v1"
	batch "k8s.io/api/batch/v1"
	coordination "k8s.io/api/coordination/v1"
	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	events "k8s.io/api/events/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	scheduling "k8s.io/api/scheduling/v1"
	storage "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/util/intstr"
)

var kinds = []struct {
	version string
	kinds   []any
}{
	{"v1", []any{core.ConfigMap{}, core.Endpoints{}, core.Event{}, core.LimitRange{}, core.Namespace{}, core.Node{},
		core.PersistentVolume{}, core.PersistentVolumeClaim{}, core.Pod{}, core.ReplicationController{},
		core.ResourceQuota{}, core.Secret{}, core.Service{}, core.ServiceAccount{}, meta.DeleteOptions{}}},
	{"meta.k8s.io/v1", []any{meta.DeleteOptions{}}},
	{"apps/v1", []any{apps.ControllerRevision{}, apps.DaemonSet{}, apps.Deployment{}, apps.ReplicaSet{}, apps.StatefulSet{}}},
	{"authentication.k8s.io/v1", []any{authentication.SelfSubjectReview{}, authentication.TokenReview{}}},
	{"authorization.k8s.io/v1", []any{authorization.LocalSubjectAccessReview{}, authorization.SelfSubjectAccessReview{},
		authorization.SelfSubjectRulesReview{}, authorization.SubjectAccessReview{}}},
	{"autoscaling/v1", []any{autoscaling.Scale{}}},
	{"batch/v1", []any{batch.CronJob{}, batch.Job{}}},
	{"coordination.k8s.io/v1", []any{coordination.Lease{}}},
	{"discovery.k8s.io/v1", []any{discovery.EndpointSlice{}}},
	{"events.k8s.io/v1", []any{events.Event{}}},
	{"networking.k8s.io/v1", []any{networking.Ingress{}, networking.IngressClass{}, networking.NetworkPolicy{}}},
	{"policy/v1", []any{policy.Eviction{}, policy.PodDisruptionBudget{}}},
	{"rbac.authorization.k8s.io/v1", []any{rbac.ClusterRole{}, rbac.ClusterRoleBinding{}, rbac.Role{}, rbac.RoleBinding{}}},
	{"scheduling.k8s.io/v1", []any{scheduling.PriorityClass{}}},
	{"storage.k8s.io/v1", []any{storage.StorageClass{}}},
}

var messages = map[string][]string{}

func name(t reflect.Type) string {
	path := strings.Split(t.PkgPath(), "/")
	return strings.Join(path[len(path)-2:], ".") + "." + t.Name()
}

// How the value of a type is written.
func form(t reflect.Type) string {
	switch t.String() {
	case "v1.Time":
		return "time"
	case "v1.MicroTime":
		return "microtime"
	case "v1.Duration":
		return "duration"
	case "resource.Quantity":
		return "quantity"
	case "intstr.IntOrString":
		return "intorstring"
	case "runtime.RawExtension", "v1.FieldsV1":
		return "json"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return form(t.Elem())
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "bool"
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "int"
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		return "list " + form(t.Elem())
	case reflect.Map:
		value := form(t.Elem())
		if t.Elem().Kind() == reflect.Slice && t.Elem().Name() != "" && value != "bytes" {
			value = "wrapped " + value
		}
		return "map " + value
	case reflect.Struct:
		describe(t)
		return name(t)
	default:
		panic(t.String())
	}
}

func describe(t reflect.Type) {
	if _, known := messages[name(t)]; known {
		return
	}
	messages[name(t)] = nil
	var lines []string
	for i := 0; i < t.NumField(); i++ {
		field := t.Field(i)
		wire := strings.Split(field.Tag.Get("protobuf"), ",")
		if len(wire) < 2 {
			continue
		}
		json := strings.Split(field.Tag.Get("json"), ",")
		called, options := json[0], json[1:]
		presence := "always"
		for _, option := range options {
			switch option {
			case "inline":
				called = "-"
			case "omitempty":
				presence = "nonzero"
			}
		}
		if field.Type.Kind() == reflect.Pointer {
			presence = "given"
		}
		lines = append(lines, fmt.Sprintf("  %s %s %s %s", wire[1], called, presence, form(field.Type)))
	}
	messages[name(t)] = lines
}

// Objects with something of everything: zeroes that were given and zeroes that were not, inline structs, maps,
// times, quantities and numbers that may be texts.
func samples() []runtime.Object {
	none, no := int32(0), false
	at := meta.Unix(1_700_000_000, 0)
	return []runtime.Object{
		&core.Namespace{TypeMeta: meta.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: meta.ObjectMeta{Name: "demo"}},
		&core.Service{
			TypeMeta:   meta.TypeMeta{APIVersion: "v1", Kind: "Service"},
			ObjectMeta: meta.ObjectMeta{Name: "web", Labels: map[string]string{"app": "web", "empty": ""}},
			Spec: core.ServiceSpec{
				Type: core.ServiceTypeLoadBalancer, AllocateLoadBalancerNodePorts: &no,
				Ports: []core.ServicePort{
					{Name: "http", Port: 80, TargetPort: intstr.FromString("http")},
					{Name: "dns", Port: 53, Protocol: core.ProtocolUDP, TargetPort: intstr.FromInt32(5353)},
				},
			},
		},
		&apps.Deployment{
			TypeMeta:   meta.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
			ObjectMeta: meta.ObjectMeta{Name: "web", CreationTimestamp: at},
			Spec: apps.DeploymentSpec{
				Replicas: &none, Selector: &meta.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
				Template: core.PodTemplateSpec{
					ObjectMeta: meta.ObjectMeta{Labels: map[string]string{"app": "web"}},
					Spec: core.PodSpec{
						Volumes: []core.Volume{{Name: "v", VolumeSource: core.VolumeSource{EmptyDir: &core.EmptyDirVolumeSource{}}}},
						Containers: []core.Container{{
							Name: "web", Image: "web:1",
							Resources: core.ResourceRequirements{Requests: core.ResourceList{"cpu": resource.MustParse("100m")}},
							ReadinessProbe: &core.Probe{
								InitialDelaySeconds: -1,
								ProbeHandler:        core.ProbeHandler{TCPSocket: &core.TCPSocketAction{Port: intstr.FromInt32(80)}},
							},
						}},
					},
				},
			},
		},
		&core.Secret{
			TypeMeta:   meta.TypeMeta{APIVersion: "v1", Kind: "Secret"},
			ObjectMeta: meta.ObjectMeta{Name: "s"}, Data: map[string][]byte{"key": {0, 1, 255}},
		},
		&authorization.SelfSubjectAccessReview{
			TypeMeta: meta.TypeMeta{APIVersion: "authorization.k8s.io/v1", Kind: "SelfSubjectAccessReview"},
			Spec: authorization.SelfSubjectAccessReviewSpec{
				ResourceAttributes: &authorization.ResourceAttributes{Verb: "create", Resource: "services"},
			},
		},
	}
}

func writeSamples() {
	scheme := runtime.NewScheme()
	scheme.AddUnversionedTypes(schema.GroupVersion{Version: "v1"})
	serializer := protobuf.NewSerializer(scheme, scheme)
	for _, object := range samples() {
		var written strings.Builder
		if err := serializer.Encode(object, &written); err != nil {
			panic(err)
		}
		text, err := json.Marshal(object)
		if err != nil {
			panic(err)
		}
		fmt.Println(hex.EncodeToString([]byte(written.String())), string(text))
	}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "samples" {
		writeSamples()
		return
	}
	fmt.Println("# Written by generate.go from k8s.io/api v0.33.1. number · JSON name (- for inline) · presence · form")
	for _, group := range kinds {
		for _, kind := range group.kinds {
			t := reflect.TypeOf(kind)
			describe(t)
			fmt.Printf("kind %s %s %s\n", group.version, t.Name(), name(t))
		}
	}
	var names []string
	for name := range messages {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Println("message", name)
		for _, line := range messages[name] {
			fmt.Fprintln(os.Stdout, line)
		}
	}
}
