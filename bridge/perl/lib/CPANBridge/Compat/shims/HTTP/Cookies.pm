package HTTP::Cookies;

use 5.014;
use strict;
use warnings;

use HTTP::Date          ();
use HTTP::Headers::Util ();

our $VERSION = '6.10';

my $EPOCH_MARK = "#LWP-Cookies-1.0\n";

# A cookie is kept as an array, below domain, path and name. UNTIL is an end that is not shown: see _netscape_cookie.
use constant { VERSION => 0, VALUE => 1, PORT => 2, PATH_SPEC => 3, SECURE => 4, EXPIRES => 5, DISCARD => 6, REST => 7, UNTIL => 8 };

sub new {
    my ( $class, %option ) = @_;
    my $self = bless {%option, COOKIES => {} }, $class;
    $self->load if defined $self->{file} && -f $self->{file};
    return $self;
}

sub DESTROY {
    my ($self) = @_;
    local ( $., $@, $!, $^E, $? );
    $self->save if $self->{autosave};
    return;
}

# --- what belongs to a request --------------------------------------------------------------------------------------

# The host's name, with a domain in any case.
sub _host {
    my ( $request, $uri ) = @_;
    my $host = $request ? $request->header('Host') : undef;
    $host = $uri->host if !defined $host || !length $host;
    $host = lc $host;
    $host =~ s/:\d*\z//;
    return $host =~ /[.:]/ ? $host : "$host.local";
}

# The path with each character escaped in one way only.
sub _path {
    my ($uri) = @_;
    my $path = $uri->can('path') ? $uri->path : '';
    $path = '/' if !length $path;
    return _normal_path($path);
}

sub _normal_path {
    my ($path) = @_;
    $path =~ s/%([0-9a-fA-F]{2})/my $c = chr hex $1; $c =~ m{[A-Za-z0-9\-_.~!*'():\@&=+\$,;]} ? $c : "%\U$1"/ge;
    $path =~ s/([\x00-\x20\x7F-\xFF<>"{}|\\^`])/sprintf '%%%02X', ord $1/ge;
    return $path;
}

# The domains whose cookies a host gets: its own name, and those above it with and without their dot.
sub _domains {
    my ($host) = @_;
    my @domains = ($host);
    return @domains if $host =~ /\A[\d.]+\z/ || $host =~ /:/;
    while ( $host =~ s/\A[^.]+(?=\.)// ) {
        push @domains, $host;
        $host =~ s/\A\.//;
        push @domains, $host if $host =~ /\./;
    }
    return @domains;
}

# Calls a sub with name, cookie, path and domain for each cookie that goes to an address, the most specific first.
sub _each_for {
    my ( $self, $uri, $host, $sub ) = @_;
    my $secure = ( $uri->scheme || '' ) eq 'https';
    my ( $path, $port, $now ) = ( _path($uri), $uri->port, time );
    for my $domain ( _domains($host) ) {
        my $paths = $self->{COOKIES}{$domain} or next;
        for my $of ( sort { length $b <=> length $a } keys %$paths ) {
            next if index( $path, $of ) != 0;
            for my $name ( sort keys %{ $paths->{$of} } ) {
                my $cookie = $paths->{$of}{$name};
                next if $cookie->[SECURE] && !$secure;
                my ($end) = grep { defined } @$cookie[ EXPIRES, UNTIL ];
                next if defined $end && $end < $now;
                if ( defined $cookie->[PORT] ) {
                    ( my $ports = $cookie->[PORT] ) =~ s/\A_//;
                    next if !grep { $_ eq $port } split /,/, $ports;
                }
                next if $cookie->[VERSION] && $domain ne $host && $domain !~ /\A\./;
                $sub->( $name, $cookie, $of, $domain );
            }
        }
    }
    return;
}

sub add_cookie_header {
    my ( $self, $request ) = @_;
    my $uri = $request->uri or return;
    return if ( $uri->scheme || '' ) !~ /\Ahttps?\z/;
    my ( @texts, $version );
    $self->_each_for(
        $uri,
        _host( $request, $uri ),
        sub {
            my ( $name, $cookie, $path, $domain ) = @_;
            my $value = defined $cookie->[VALUE] ? $cookie->[VALUE] : '';
            if ( !@texts && $cookie->[VERSION] ) { $version = $cookie->[VERSION]; push @texts, "\$Version=$version" }
            if ( $cookie->[VERSION] && $value =~ /[^\w.\-]/ ) {
                $value =~ s/(["\\])/\\$1/g;
                $value = qq("$value");
            }
            push @texts, "$name=$value";
            return if !$cookie->[VERSION];
            push @texts, qq(\$Path="$path") if $cookie->[PATH_SPEC];
            push @texts, qq(\$Domain="$domain") if $domain =~ /\A\./;
            if ( defined $cookie->[PORT] ) {
                push @texts, $cookie->[PORT] =~ /\A_/ ? '$Port' : qq(\$Port="$cookie->[PORT]");
            }
        }
    );
    return $request if !@texts;
    my $given = $request->header('Cookie');
    unshift @texts, $given if defined $given && length $given;
    $request->header( Cookie => join '; ', @texts );
    $request->header( Cookie2 => '$Version="1"' ) if !$version && !$self->{hide_cookie2};
    return $request;
}

sub get_cookies {
    my ( $self, $where, @names ) = @_;
    require URI;
    $where = "https://$where" if !ref $where && $where !~ m{\A[a-zA-Z][a-zA-Z0-9+.\-]*:};
    my $uri = URI->new($where);
    my %found;
    $self->_each_for( $uri, _host( undef, $uri ), sub { my ( $name, $cookie ) = @_; $found{$name} = $cookie->[VALUE] if !exists $found{$name} } );
    return wantarray ? @found{@names} : $found{ $names[0] } if @names;
    return \%found;
}

# --- what an answer sets --------------------------------------------------------------------------------------------

sub extract_cookies {
    my ( $self, $response ) = @_;
    my @new      = HTTP::Headers::Util::_split_header_words( $response->header('Set-Cookie2') );
    my @netscape = grep { defined && length } $response->header('Set-Cookie');
    return $response if !@new && !@netscape;
    my $request = $response->request or return $response;
    my $uri     = $request->uri;
    return $response if !$uri || !$uri->can('host');
    my %at = ( host => _host( $request, $uri ), path => _path($uri), port => scalar $uri->port );
    my %done = map { $_->[0] => 1 } @new;
    $self->_take( $_, 1, \%at ) for @new;
    for my $text (@netscape) {
        my $pairs = _netscape_cookie($text) or next;
        $self->_take( $pairs, 0, \%at ) if !$done{ $pairs->[0] };
    }
    return $response;
}

# Parts at semicolons that stand in no quotes; the quotes are taken away.
sub _split_text {
    my ($text) = @_;
    my @parts = ('');
    while ( $text =~ /\G(?:("(?:[^"\\]|\\.)*")|(;)|(.))/gcs ) {
        if ( defined $1 ) { ( my $inside = substr $1, 1, -1 ) =~ s/\\(.)/$1/gs; $parts[-1] .= $inside }
        elsif ( defined $2 ) { push @parts, '' }
        else                 { $parts[-1] .= $3 }
    }
    return \@parts;
}

# The pairs of one field Set-Cookie. Its Max-Age is no part of a saved cookie, but holds.
sub _netscape_cookie {
    my ($text) = @_;
    my ( @pairs, $ends );
    for my $part ( @{ _split_text($text) } ) {
        my ( $name, $value ) = split /=/, $part, 2;
        for ( $name, $value ) { s/\A\s+//, s/\s+\z// if defined }
        next if !defined $name || ( !length $name && !defined $value );
        if (@pairs) {
            if ( lc $name eq 'expires' ) {
                my $time = defined $value ? HTTP::Date::str2time($value) : undef;
                if ( !defined $time && defined $value && $value =~ /\b19[0-6]\d\b/ ) { $time = 0 }    # before all that can be counted
                if ( defined $time ) { push @pairs, 'Max-Age' => $time - time; $ends = 1 }
                next;
            }
            if ( lc $name eq 'max-age' ) {
                push @pairs, '::until' => time + $value if defined $value && $value =~ /\A-?\d+\z/;
                $ends = 1;
                next;
            }
            next if lc $name eq 'version';
        }
        push @pairs, $name, $value;
    }
    return if !@pairs;
    push @pairs, Discard => undef if !$ends;
    return \@pairs;
}

sub _take {
    my ( $self, $pairs, $version, $at ) = @_;
    my ( $name, $value, @attributes ) = @$pairs;
    my ( %is, %rest );
    while ( my ( $attribute, $text ) = splice @attributes, 0, 2 ) {
        my $key = lc $attribute;
        if ( $key =~ /\A(?:domain|path|port|max-age|version|::until)\z/ ) { $is{$key} = $text if !exists $is{$key} }
        elsif ( $key =~ /\A(?:secure|discard)\z/ ) { $is{$key} = 1 }
        else                                       { $rest{$attribute} = $text }
    }

    my $path_spec = defined $is{path} && length $is{path};
    my $path      = $is{path};
    if ($path_spec) {
        $path = _normal_path($path);
        return if $version && index( $at->{path}, $path ) != 0;
    }
    else {
        ( $path = $at->{path} ) =~ s{/[^/]*\z}{};
        $path = '/' if !length $path;
    }
    return if $path !~ m{\A/};

    my $domain = defined $is{domain} && length $is{domain} ? lc $is{domain} : $at->{host};
    $domain = $at->{host} if "$domain.local" eq $at->{host} || ".$at->{host}" eq "$domain.local";
    if ( $domain ne $at->{host} ) {
        return if $domain !~ /\A\.?[^.]+\..*[^.]\z/ && $domain ne '.local';    # all of .com is too much
        $domain = ".$domain" if $domain !~ /\A\./;
        return if $domain =~ /\.\d+\z/;
        my $host = ".$at->{host}";
        return if length $host < length $domain || substr( $host, -length $domain ) ne $domain;
        return if $version && substr( $at->{host}, 0, -length $domain ) =~ /\./;
    }

    my $port;
    if ( exists $is{port} ) {
        if ( defined $is{port} ) {
            ( $port = $is{port} ) =~ s/\s+//g;
            return if !grep { $_ eq $at->{port} } split /,/, $port;
        }
        else { $port = "_$at->{port}" }
    }
    if ( defined $is{'::until'} && $is{'::until'} <= time ) { $is{'max-age'} = 0 }
    $self->set_cookie( $version, $name, $value, $path, $domain, $port, $path_spec, $is{secure}, $is{'max-age'}, $is{discard}, \%rest );
    if ( defined $is{'::until'} && ( my $cookie = $self->{COOKIES}{$domain}{$path}{$name} ) ) { $cookie->[UNTIL] = $is{'::until'} }
    return;
}

sub set_cookie {
    my ( $self, $version, $name, $value, $path, $domain, $port, $path_spec, $secure, $age, $discard, $rest ) = @_;
    return $self if !defined $path || $path !~ m{\A/} || !defined $name || $name =~ /\A\$/;
    if ( defined $port ) { return if $port !~ /\A_?\d+(?:,\d+)*\z/ }
    my $ends;
    if ( defined $age ) {
        if ( $age <= 0 ) { delete $self->{COOKIES}{$domain}{$path}{$name}; return $self }
        $ends = time + $age;
    }
    my @cookie = ( $version || 0, $value, $port, $path_spec, $secure, $ends, $discard );
    push @cookie, {%$rest} if defined $rest && %$rest;
    $self->{COOKIES}{$domain}{$path}{$name} = \@cookie;
    return $self;
}

# --- the jar --------------------------------------------------------------------------------------------------------

sub scan {
    my ( $self, $sub ) = @_;
    my $jar = $self->{COOKIES};
    for my $domain ( sort keys %$jar ) {
        for my $path ( sort keys %{ $jar->{$domain} || {} } ) {
            for my $name ( sort keys %{ $jar->{$domain}{$path} || {} } ) {
                my $cookie = $jar->{$domain}{$path}{$name} or next;
                $sub->( $cookie->[VERSION], $name, $cookie->[VALUE], $path, $domain, @$cookie[ PORT .. DISCARD ], $cookie->[REST] || {} );
            }
        }
    }
    return;
}

sub as_string {
    my ( $self, $skip ) = @_;
    my $text = '';
    $self->scan(
        sub {
            my ( $version, $name, $value, $path, $domain, $port, $path_spec, $secure, $expires, $discard, $rest ) = @_;
            return if $discard && $skip;
            my @pairs = ( $name => $value, path => $path, domain => $domain );
            push @pairs, port      => $port if defined $port;
            push @pairs, path_spec => undef if $path_spec;
            push @pairs, secure    => undef if $secure;
            push @pairs, expires => HTTP::Date::time2isoz($expires) if $expires;
            push @pairs, discard => undef if $discard;
            push @pairs, map { $_ => $rest->{$_} } sort keys %$rest;
            push @pairs, version => $version;
            $text .= 'Set-Cookie3: ' . HTTP::Headers::Util::join_header_words( \@pairs ) . "\n";
        }
    );
    return $text;
}

sub clear {
    my ( $self, @which ) = @_;
    my ( $domain, $path, $name ) = @which;
    my $jar = $self->{COOKIES};
    if    ( !@which )     { $self->{COOKIES} = {} }
    elsif ( @which == 1 ) { delete $jar->{$domain} }
    elsif ( @which == 2 ) { delete $jar->{$domain}{$path} if $jar->{$domain} }
    elsif ( @which == 3 ) { delete $jar->{$domain}{$path}{$name} if $jar->{$domain} && $jar->{$domain}{$path} }
    else {
        require Carp;
        Carp::carp('Usage: $c->clear([domain [,path [,key]]])');
    }
    return $self;
}

sub clear_temporary_cookies {
    my ($self) = @_;
    my @gone;
    $self->scan( sub { push @gone, [ @_[ 4, 3, 1 ] ] if $_[9] || !$_[8] } );
    for my $place (@gone) {
        my ( $domain, $path, $name ) = @$place;
        my $cookie = $self->{COOKIES}{$domain}{$path}{$name};
        $self->clear(@$place) if $cookie->[DISCARD] || !defined $cookie->[UNTIL];
    }
    return;
}

# --- files ----------------------------------------------------------------------------------------------------------

sub _options {
    my ( $self, @words ) = @_;
    my %option = ( file => $self->{file}, ignore_discard => $self->{ignore_discard}, @words == 1 ? ( file => $words[0] ) : @words );
    return @option{ 'file', 'ignore_discard' };
}

# Writes a file that only its owner may read, and only as a whole.
sub _write {
    my ( $self, $file, @texts ) = @_;
    my $there = -e $file;
    my $mask  = umask;
    umask( $mask | 077 ) if !$there;
    my $opened = open my $out, '>', $file;
    umask $mask;
    if ( !$opened ) {
        require Carp;
        Carp::croak("Can't open $file: $!");
    }
    print {$out} @texts;
    if ( !close $out ) {
        require Carp;
        Carp::croak("Can't write $file: $!");
    }
    return 1;
}

sub save {
    my ( $self, @words ) = @_;
    my ( $file, $all ) = $self->_options(@words);
    return if !defined $file || !length $file;
    return $self->_write( $file, $EPOCH_MARK, $self->as_string( !$all ) );
}

sub load {
    my ( $self, $file ) = @_;
    $file = $self->{file} if !defined $file || !length $file;
    return if !defined $file;
    local $/ = "\n";
    open my $in, '<', $file or return;
    my $first = <$in>;
    if ( !defined $first || $first !~ /\A\#LWP-Cookies-\d+\.\d+/ ) {
        require Carp;
        Carp::carp("$file does not seem to contain cookies") if !defined $first || length $first;
        close $in;
        return;
    }
    while ( my $line = <$in> ) {
        $line =~ s/\ASet-Cookie3:\s*// or next;
        chomp $line;
        for my $words ( HTTP::Headers::Util::_split_header_words($line) ) {
            my ( $name, $value, @pairs ) = @$words;
            my ( %is, %rest );
            while ( my ( $key, $text ) = splice @pairs, 0, 2 ) {
                if    ( $key =~ /\A(?:path|domain|port|version|expires)\z/i )   { $is{ lc $key } = $text }
                elsif ( $key =~ /\A(?:path_spec|secure|discard)\z/i )           { $is{ lc $key } = 1 }
                else                                                            { $rest{$key} = $text }
            }
            my $expires = defined $is{expires} ? HTTP::Date::str2time( $is{expires} ) : undef;
            next if !defined $is{domain} || !defined $is{path};
            next if defined $expires && $expires <= time;
            my @cookie = ( $is{version} || 0, $value, $is{port}, $is{path_spec}, $is{secure}, $expires, $is{discard} );
            push @cookie, \%rest if %rest;
            $self->{COOKIES}{ $is{domain} }{ $is{path} }{$name} = \@cookie;
        }
    }
    close $in;
    return 1;
}

sub revert {
    my ($self) = @_;
    return $self->clear->load;
}

require HTTP::Cookies::Netscape if !HTTP::Cookies::Netscape->can('load');    # comes along, as with the original

1;

__END__

=head1 NAME

HTTP::Cookies - keeps cookies for LWP::UserAgent

=head1 SYNOPSIS

    use HTTP::Cookies;

    my $jar = HTTP::Cookies->new( file => 'cookies.txt', autosave => 1, ignore_discard => 1 );
    my $agent = LWP::UserAgent->new( cookie_jar => $jar );

=head1 DESCRIPTION

A replacement that comes with L<CPANBridge::Compat>, written in Perl: it needs no daemon.

=head1 COVERED

All that HTTP::Cookies 6.10 documents, and HTTP::Cookies::Netscape: C<Set-Cookie> and C<Set-Cookie2>, the rules for domains, paths and ports,
files in LWP's own format and in Netscape's.

What is better than in the original: C<Max-Age> in C<Set-Cookie> ends a cookie, and 0 deletes it; no server can set a cookie for all of
a top-level domain (C<.com>; for C<.co.uk> it can); a file that is made is for its owner alone.

=head1 NOT COVERED

HTTP::Cookies::Microsoft; lists of public suffixes, C<SameSite> and C<HttpOnly> mean nothing here, as in the original.

=cut
